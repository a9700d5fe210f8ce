import { describe, expect, it } from 'vitest'
import { folderStore } from '../../src/shard/index.js'
import { isSamePlace } from '../../src/workers/fleet/launch.js'
import { claimForRun, ownedByOther } from '../../src/workers/fleet/owner.js'
import { tempFolder } from '../run/pairmill.js'
import { entry } from './fleet-values.js'

const calm = new AbortController().signal
const birds = entry('birds', { createdMs: 1_000, options: { backend: 'redis://one:6379' } })

describe('the place of a run of a fleet', () => {
  it('is the run’s, whichever process asks, and nobody’s before', async () => {
    const store = folderStore(tempFolder())
    expect(await ownedByOther(store, null, calm)).toBeNull()
    expect(await claimForRun(store, birds, calm)).toBeNull()
    expect(await claimForRun(store, birds, calm)).toBeNull()
    expect(await ownedByOther(store, birds, calm)).toBeNull()
  })

  it.each([
    ['a run that is yet to be made', null],
    ['another run', { ...birds, run: 'fish' }],
    ['one of the same name, made after the server lost everything', { ...birds, createdMs: 2_000 }],
  ])('is not that of %s, who is told whose it is', async (_, other) => {
    const store = folderStore(tempFolder())
    await claimForRun(store, birds, calm)
    const whose = expect.stringContaining('the run birds of the fleet at redis://one:6379')
    expect(await ownedByOther(store, other, calm)).toEqual(whose)
    if (other !== null) expect(await claimForRun(store, other, calm)).toEqual(whose)
    expect(await ownedByOther(store, birds, calm)).toBeNull()
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
