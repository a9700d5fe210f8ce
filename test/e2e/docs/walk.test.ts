import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { blocksOf } from '../../fixtures/docs/blocks.js'
import { root } from '../../fixtures/docs/pages.js'
import { lacking, python } from '../../fixtures/docs/python.js'
import { pairsOf, tempFolder } from '../../fixtures/run/pairmill.js'

const hasPictures = existsSync(join(root, 'node_modules/@iconify-json/noto'))

const counting = `
import sys, glob, webdataset as wds
tars = sorted(glob.glob(sys.argv[1] + '/0*.tar'))
print(sum(1 for _ in wds.WebDataset(tars, shardshuffle=False).decode('pil').to_tuple('jpg', 'txt')))
`

it.skipIf(!hasPictures)(
  `the walk of the page of datasets runs line by line${hasPictures ? '' : ' (skipped: the pictures of the demo are not installed)'}`,
  { timeout: 300_000 },
  async () => {
    const walk = blocksOf('docs/datasets.md').find(({ lines }) => lines[0]?.startsWith('npx pairmill demo'))
    const folder = tempFolder()
    const program = `"${process.execPath}" "${join(root, 'dist/cli/main.js')}"`
    expect(walk?.lines.length).toBe(9)
    for (const line of walk?.lines ?? []) {
      const command = line.replace(/^(?:npx )?pairmill/, program)
      const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' })
      expect(status, `${line}\n${stderr}`).toBe(0)
    }
    const pairsIn = async (name: string) => (await pairsOf(join(folder, name))).length
    const [demo, best, both] = [await pairsIn('demo'), await pairsIn('demo-best'), await pairsIn('demo-both')]
    expect(demo).toBeGreaterThan(1_000)
    expect(best).toBeLessThan(demo / 2)
    // What was taken back from the one does not come back by the other.
    expect(both).toBe(demo)
    if (lacking !== null) return console.log(`not read by webdataset: ${lacking}`)
    for (const [name, count] of Object.entries({ demo, 'demo-best': best, 'demo-both': both })) {
      const read = execFileSync(python, ['-c', counting, join(folder, name)], { encoding: 'utf8' })
      expect(Number(read)).toBe(count)
    }
  },
)
