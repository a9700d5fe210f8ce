import { cpSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf } from '../../fixtures/docs/blocks.js'
import { calls, pythons } from '../../fixtures/docs/fates.js'
import { root } from '../../fixtures/docs/pages.js'
import { lacking, python } from '../../fixtures/docs/python.js'
import { hasOpenssl, startWorkbench, type Workbench } from '../../fixtures/docs/workbench.js'
import { pairsOf, problemsOf } from '../../fixtures/run/pairmill.js'
import { s3Variables } from '../../fixtures/s3/s3-server.js'
import { s3Bench } from '../../fixtures/s3/s3-stores.js'

const s3 = await s3Bench()

describe.skipIf(!hasOpenssl)(
  'what the pages say runs as it stands (needs openssl)',
  { timeout: 180_000 },
  () => {
    let bench: Workbench
    beforeAll(async () => {
      const store = { ...s3Variables, AWS_ENDPOINT_URL_S3: '', AWS_REGION: 'us-east-1' }
      if (s3.why === '') {
        store.AWS_ENDPOINT_URL_S3 = s3.server.endpoint
        await s3.server.client.send(new CreateBucketCommand({ Bucket: 'pairs' }))
      }
      bench = await startWorkbench(store)
    }, 60_000)
    afterAll(async () => {
      await bench?.close()
      await s3.close()
    }, 60_000)

    it.for(calls)('%s', async (line, { skip }) => {
      if (line.includes('s3://') && s3.why !== '') skip(s3.why)
      const { code, stdout, stderr } = await bench.shell(line)
      expect(code, `${stdout}\n${stderr}`).toBe(0)
      const out = /--out ([\w-]+)(?: |$)/.exec(line)?.[1]
      if (out === undefined) return
      expect(await problemsOf(join(bench.folder, out))).toEqual([])
      expect((await pairsOf(join(bench.folder, out))).length).toBeGreaterThan(0)
    })

    it('as does what draws a sheet of kept pairs', async () => {
      const script = join(root, 'examples/contact-sheet.js')
      const { code, stderr } = await bench.shell(`${process.execPath} ${script} my-dataset sheet.webp`)
      expect(code, stderr).toBe(0)
      expect(statSync(join(bench.folder, 'sheet.webp')).size).toBeGreaterThan(1_000)
    })

    it('with the pairmill.json of the page of models in the folder of a model', async () => {
      const notes = blocksOf('docs/models.md').filter(({ language }) => language === 'json')[1]
      const model = join(bench.folder, 'my-clip')
      cpSync(join(root, 'models/demo-drawings'), model, { recursive: true })
      writeFileSync(join(model, 'pairmill.json'), notes?.lines.join('\n') ?? '')
      const { code, stderr } = await bench.shell(
        'pairmill classify --classes classes.txt --model my-clip photos/one.jpg',
      )
      expect(code, stderr).toBe(0)
    })

    it.for(pythons)('the Python of $page', async (block, { skip }) => {
      if (lacking !== null) skip(lacking)
      writeFileSync(join(bench.folder, 'block.py'), block.lines.join('\n'))
      const { code, stdout, stderr } = await bench.shell(`${python} block.py`)
      expect(code, stderr).toBe(0)
      if (block.page === 'README.md') expect(stdout).toMatch(/^torch\.Size\(\[\d+, 3, 224, 224\]\) /m)
    })
  },
)
