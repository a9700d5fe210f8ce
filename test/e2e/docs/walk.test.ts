import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { blocksOf } from '../../fixtures/docs/blocks.js'
import { root } from '../../fixtures/docs/pages.js'
import { lacking, python } from '../../fixtures/docs/python.js'
import { type Ended, pairsOf, startCommand, tempFolder } from '../../fixtures/run/pairmill.js'

const hasPictures = existsSync(join(root, 'node_modules/@iconify-json/noto'))
const walk = blocksOf('docs/datasets.md').find(({ lines }) => lines[0]?.startsWith('npx pairmill demo'))
const [demoLine = '', ...laterLines] = walk?.lines ?? []
const folder = tempFolder()

/** A line of the walk, run as it stands. */
function run(line: string): Promise<Ended> {
  const program = `"${process.execPath}" "${join(root, 'dist/cli/main.js')}"`
  const command = line.replace(/^(?:npx )?pairmill/, program)
  return startCommand(['sh', '-c', `cd "${folder}" && ${command}`]).ended
}

const counting = `
import sys, glob, json, webdataset as wds
def count(folder):
    tars = sorted(glob.glob(folder + '/0*.tar'))
    return sum(1 for _ in wds.WebDataset(tars, shardshuffle=False).decode('pil').to_tuple('jpg', 'txt'))
print(json.dumps([count(folder) for folder in sys.argv[1:]]))
`

let demo: Ended
beforeAll(async () => {
  demo = await run(demoLine)
}, 240_000)

/** A share as the demo prints it, 0..1. */
function printed(name: string): number {
  const percent = new RegExp(`${name}\\s+([\\d.]+) %`).exec(demo.stdout)?.[1]
  if (percent === undefined) throw new Error(`${name} was not printed:\n${demo.stdout}`)
  return Number(percent) / 100
}

describe('pairmill demo with the model in the box', () => {
  it('ends with 0 and a verified dataset', () => {
    expect(demo.stderr).not.toContain('failed')
    expect(demo.code).toBe(0)
    expect(demo.stdout).toMatch(/pairs, [\d,]+ rows, [\d,]+ pages: nothing is wrong/)
  })

  it('keeps nineteen of twenty pictures that stand whole beside a right text, and of fifty kept pairs one is wrong at most', () => {
    expect(printed('recall')).toBeGreaterThan(0.95)
    expect(printed('precision')).toBeGreaterThan(0.98)
  })

  it('asks for nothing that robots.txt forbids, and keeps nothing against the word of a site', () => {
    expect(demo.stdout).toContain('0 requests for what robots.txt forbids; 0 pictures kept')
  })
})

it.skipIf(!hasPictures)(
  `the walk of the page of datasets runs line by line${hasPictures ? '' : ' (skipped: the pictures of the demo are not installed)'}`,
  { timeout: 300_000 },
  async () => {
    expect(demo.code, `${demoLine}\n${demo.stderr}`).toBe(0)
    expect(laterLines.length).toBe(8)
    for (const line of laterLines) {
      const { code, stderr } = await run(line)
      expect(code, `${line}\n${stderr}`).toBe(0)
    }
    const names = ['demo', 'demo-best', 'demo-both'].map((name) => join(folder, name))
    const counts = await Promise.all(names.map(async (name) => (await pairsOf(name)).length))
    const [made = 0, best, both] = counts
    expect(made).toBeGreaterThan(1_000)
    expect(best).toBeLessThan(made / 2)
    // What was taken back from the one does not come back by the other.
    expect(both).toBe(made)
    if (lacking !== null) return console.log(`not read by webdataset: ${lacking}`)
    const { stdout } = await promisify(execFile)(python, ['-c', counting, ...names])
    expect(JSON.parse(stdout)).toEqual(counts)
  },
)
