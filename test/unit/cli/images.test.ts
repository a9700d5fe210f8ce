import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findLists } from '../../../src/cli/images.js'
import { isFolder } from '../../../src/cli/process.js'

const cwd = mkdtempSync(join(tmpdir(), 'pairmill-images-'))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))
const columns = { url: 'url', caption: 'caption', page: null, licence: null }

describe('the lists of a command line', () => {
  it('are those of its folders in order, without what is hidden there or no list', async () => {
    const hidden = ['._b.parquet', '.c.csv', '.jsonl']
    for (const name of ['b.csv', 'a.JSONL', '_SUCCESS', 'b.csv.crc', ...hidden])
      writeFileSync(join(cwd, name), 'url,caption\n')
    const { sources, problems } = await findLists({ lists: ['.'], format: null, columns }, { cwd, isFolder })
    expect(problems).toEqual([])
    expect(sources.map(({ path, format }) => [path, format])).toEqual([
      [join(cwd, 'a.JSONL'), 'jsonl'],
      [join(cwd, 'b.csv'), 'csv'],
    ])
  })

  it('may be hidden where they are named', async () => {
    writeFileSync(join(cwd, '.mine.csv'), 'url,caption\n')
    const { sources } = await findLists({ lists: ['.mine.csv'], format: null, columns }, { cwd, isFolder })
    expect(sources).toHaveLength(1)
  })
})
