import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isReplaced, lookAtPlace, sourcesProblem } from '../../../src/run/output.js'
import { claimOutput } from '../../../src/run/output-claim.js'
import { folderStore } from '../../../src/shard/index.js'
import { newOut, tempFolder } from '../../fixtures/run/pairmill.js'

const calm = new AbortController().signal
const listAt = (path: string) =>
  ({
    kind: 'list',
    path,
    format: 'csv',
    gzip: false,
    columns: { url: 'url', caption: 'caption', page: null, licence: null },
  }) as const
const optionsFor = (out: string, more: object = {}) => ({
  out,
  backend: `pglite:${join(out, '.pairmill/db')}`,
  sources: [],
  ...more,
})

describe('what is read', () => {
  it.each([
    ['/data/laion/00000.parquet', '/data/laion', true],
    ['/data/laion/metadata/1.parquet', '/data/laion', true],
    ['/data/laion/.pairmill/skipped-rows.jsonl', '/data/laion', true],
    ['s3://pairs/birds/00000.tar', 's3://pairs/birds', true],
    ['/data/laion/pairs.csv', '/data/laion', false],
    ['/data/laion/lists/00000.parquet', '/data/laion', false],
    ['/data/00000.parquet', '/data/laion', false],
    ['/data/laion-2/00000.parquet', '/data/laion', false],
    ['s3://pairs/birds-2/00000.tar', 's3://pairs/birds', false],
    ['https://a.test/00000.parquet', '/data', false],
    ['/00000.parquet', '/', true],
  ])('%s is replaced by a dataset in %s: %s', (path, out, isSo) => {
    expect(isReplaced(path, out)).toBe(isSo)
  })

  it('is refused where the dataset replaces it, by links too', async () => {
    const folder = tempFolder()
    const link = join(tempFolder(), 'link')
    symlinkSync(folder, link)
    writeFileSync(join(folder, '00000.parquet'), '')
    writeFileSync(join(folder, 'pairs.csv'), '')
    for (const [list, out] of [
      [folder, link],
      [link, folder],
      [folder, folder],
    ] as const) {
      const problem = await sourcesProblem(out, null, [listAt(join(list, '00000.parquet'))])
      expect(problem).toContain(`${join(list, '00000.parquet')} lies where the dataset is written`)
      expect(await sourcesProblem(out, null, [listAt(join(list, 'pairs.csv'))])).toBeNull()
    }
    const state = join(folder, 'state')
    expect(await sourcesProblem('s3://pairs/x', state, [listAt(join(state, 'list.csv'))])).not.toBeNull()
  })
})

describe('the place of a run in this process', () => {
  it('is free where nothing is, and nothing is made there', async () => {
    const out = newOut()
    expect(await lookAtPlace(optionsFor(out), calm)).toEqual({ isFree: true })
    expect(() => readdirSync(out)).toThrow('ENOENT')
  })

  it('is not a run’s of a fleet', async () => {
    const out = newOut()
    const owner = { v: 1, token: 'birds@1', run: 'birds', backend: 'redis://one' } as const
    expect(await claimOutput(folderStore(out), owner, calm)).toBeNull()
    const whose = { message: expect.stringContaining('the run birds of the fleet at redis://one') }
    expect(await lookAtPlace(optionsFor(out), calm)).toEqual(whose)
  })

  it('has its database in a folder of its own', async () => {
    const state = tempFolder()
    const look = () => lookAtPlace(optionsFor(newOut(), { backend: `pglite:${state}` }), calm)
    expect(await look()).toEqual({ isFree: true })
    writeFileSync(join(state, 'thesis.tex'), '')
    expect(await look()).toEqual({
      message: expect.stringContaining(`--backend pglite:${state} is no database`),
    })
    mkdirSync(join(state, 'PG_VERSION'))
    expect(await look()).toEqual({ isFree: true })
  })
})
