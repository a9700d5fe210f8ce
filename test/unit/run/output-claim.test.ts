import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isSamePlace } from '../../../src/run/launch.js'
import { claimOutput, type NamedRun, ownedByOther, runOwner } from '../../../src/run/output-claim.js'
import { folderStore } from '../../../src/shard/index.js'
import { tempFolder } from '../../fixtures/run/pairmill.js'

const calm = new AbortController().signal
const birds = { run: 'birds', createdMs: 1_000 }
const ownerOf = (run: NamedRun) => runOwner(run, 'redis://one:6379')

describe('the place of a run of a fleet', () => {
  it('is the run’s, whichever process asks, and nobody’s before', async () => {
    const store = folderStore(tempFolder())
    expect(await ownedByOther(store, null, calm)).toBeNull()
    expect(await claimOutput(store, ownerOf(birds), calm)).toBeNull()
    expect(await claimOutput(store, ownerOf(birds), calm)).toBeNull()
    expect(await ownedByOther(store, birds, calm)).toBeNull()
  })

  it.each([
    ['a run that is yet to be made', null],
    ['another run', { ...birds, run: 'fish' }],
    ['one of the same name, made after the server lost everything', { ...birds, createdMs: 2_000 }],
  ])('is not that of %s, who is told whose it is', async (_, other) => {
    const store = folderStore(tempFolder())
    await claimOutput(store, ownerOf(birds), calm)
    const whose = expect.stringContaining('the run birds of the fleet at redis://one:6379')
    expect(await ownedByOther(store, other, calm)).toEqual(whose)
    if (other !== null) expect(await claimOutput(store, ownerOf(other), calm)).toEqual(whose)
    expect(await ownedByOther(store, birds, calm)).toBeNull()
  })

  it('is not one with a stranger’s files, in which nothing is made', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, '00000.tar'), '')
    const named = expect.stringContaining(
      "files that are not pairmill's, and a dataset has the same names: 00000.tar",
    )
    expect(await ownedByOther(folderStore(folder), null, calm)).toEqual(named)
    expect(await ownedByOther(folderStore(folder), birds, calm)).toEqual(named)
    expect(await claimOutput(folderStore(folder), ownerOf(birds), calm)).toEqual(named)
    expect(readdirSync(folder)).toEqual(['00000.tar'])
  })

  it('is its own once its files are there, and that of a run of before too, which claimed nothing', async () => {
    for (const mark of ['owner.json', 'parts']) {
      const folder = tempFolder()
      const store = folderStore(folder)
      if (mark === 'owner.json') await claimOutput(store, ownerOf(birds), calm)
      else mkdirSync(join(folder, '.pairmill/parts'), { recursive: true })
      writeFileSync(join(folder, '00000.tar'), '')
      const another = expect.stringMatching(/belongs to the run birds|holds the dataset of another run/)
      expect(await ownedByOther(store, null, calm)).toEqual(another)
      expect(await claimOutput(store, ownerOf(birds), calm)).toBeNull()
      expect(await ownedByOther(store, birds, calm)).toBeNull()
    }
  })

  it.each(['db', 'lock'])('is not that of a run in one process, which left its %s', async (name) => {
    const folder = tempFolder()
    mkdirSync(join(folder, '.pairmill', name), { recursive: true })
    const whose = expect.stringContaining('belongs to a run in one process')
    expect(await ownedByOther(folderStore(folder), null, calm)).toEqual(whose)
    expect(await claimOutput(folderStore(folder), ownerOf(birds), calm)).toEqual(whose)
  })

  it.each([
    ['s3://pairs/birds', 's3://pairs/birds', true],
    ['s3://pairs/birds/', 's3://pairs/birds', true],
    ['s3://pairs', 's3://pairs/birds', true],
    ['s3://pairs/birds', 's3://pairs/birds-2', false],
    ['s3://pairs/birds', 's3://other/birds', false],
    ['/data/birds', 's3://pairs/birds', false],
  ])('%s and %s: one in the other? %s', (one, other, isSame) => {
    expect(isSamePlace(one, other)).toBe(isSame)
    expect(isSamePlace(other, one)).toBe(isSame)
  })
})
