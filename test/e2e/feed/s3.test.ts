import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type S3Settings, s3Store } from '../../../src/shard/index.js'
import { lacks } from '../../fixtures/docs/python.js'
import { numberedIn, writeNumbered } from '../../fixtures/feed/numbered-sets.js'
import {
  because,
  fed,
  hasCommand,
  lacksPinned,
  pasted,
  pinnedWebdataset,
} from '../../fixtures/feed/pasted.js'
import { pairmill, tempFolder } from '../../fixtures/run/pairmill.js'
import { s3Variables, startS3Server } from '../../fixtures/s3/s3-server.js'
import { calm } from '../../fixtures/shard/dataset-fixture.js'

const started = await startS3Server()
const server = 'unavailable' in started ? null : started
afterAll(() => server?.close())
const noServer = 'unavailable' in started ? started.unavailable : null
const noTorch = noServer ?? lacks('torch, webdataset, numpy, PIL')
const noCurl = hasCommand('curl') ? null : 'no curl'
const noAws = hasCommand('aws') ? null : 'no aws command'

const versions = [
  ['1.0.2', noTorch, {}],
  ['0.2.86', noTorch ?? lacksPinned(), { PYTHONPATH: pinnedWebdataset }],
] as const

const printTexts = 'import json\nprint(json.dumps([text for image, text in pairs]))\n'

describe.skipIf(noServer !== null)(
  `lines for a dataset on S3${because(noServer)}`,
  { timeout: 300_000 },
  () => {
    let url: string
    let texts: string[]
    const variables = { ...s3Variables, AWS_ENDPOINT_URL: server?.endpoint ?? '', AWS_REGION: 'us-east-1' }
    beforeAll(async () => {
      url = `s3://${await server?.bucket()}/two birds`
      const settings: S3Settings = { endpoint: server?.endpoint ?? null, region: null, pathStyle: null }
      const store = await s3Store({ url, settings, scratchDir: tempFolder(), access: 'write' }, calm)
      if ('message' in store) throw new Error(store.message)
      texts = await writeNumbered(store, [4, 0, 3])
      await store.close()
    })

    describe.each(versions)('webdataset %s', (_, lacking, env) => {
      const signedOnly = lacking ?? noCurl
      it.skipIf(signedOnly !== null)(
        `reads signed URLs, by curl and without credentials${because(signedOnly)}`,
        async () => {
          const { linesOf, facts } = await fed([url, '--presign', '1h', '--workers', '2'], variables)
          expect(facts.notes).toEqual([expect.stringMatching(/^The URLs end at \d{4}-.*Z\.$/)])
          const read = (await pasted(linesOf('webdataset'), printTexts, env)) as string[]
          expect(read.toSorted()).toEqual(texts.toSorted())
        },
      )

      const byCommand = lacking ?? noAws
      it.skipIf(byCommand !== null)(`reads by the aws command${because(byCommand)}`, async () => {
        const { linesOf } = await fed([url, '--workers', '2'], variables)
        const { AWS_ENDPOINT_URL: _, ...credentials } = variables
        const read = (await pasted(linesOf('webdataset'), printTexts, { ...env, ...credentials })) as string[]
        expect(read.toSorted()).toEqual(texts.toSorted())
      })
    })

    const noDatasets = noTorch ?? lacks('datasets, aiohttp, requests')
    it.skipIf(noDatasets !== null)(`datasets reads signed URLs${because(noDatasets)}`, async () => {
      const { linesOf } = await fed([url, '--presign', '1h'], variables)
      const print = 'import json\nprint(json.dumps([pair["txt"] for pair in pairs]))\n'
      const read = (await pasted(linesOf('datasets'), print, { HF_HUB_OFFLINE: '0' })) as string[]
      expect(read.toSorted()).toEqual(texts.toSorted())
    })

    it('are not signed by credentials that do not let in', async () => {
      const wrong = { ...variables, AWS_SECRET_ACCESS_KEY: 'another' }
      const { code, stderr, stdout } = await pairmill(['feed', url, '--presign', '1h'], wrong)
      expect([stdout, code === 0]).toEqual(['', false])
      expect(stderr).toMatch(/credentials|SignatureDoesNotMatch|403/)
    })

    it('are not signed for a folder', async () => {
      const folder = tempFolder()
      await numberedIn(folder, [2])
      const { code, stderr } = await pairmill(['feed', folder, '--presign', '1h'])
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining('pairmill: --presign is for datasets on S3, and none of these is\n'),
      ])
    })
  },
)
