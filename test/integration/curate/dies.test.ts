import { describe, expect, it } from 'vitest'
import { folderStore, type Store } from '../../../src/shard/index.js'
import { crawled, curateInto, curateTo, numbered, requestOf } from '../../fixtures/curate/curating.js'
import { bytesUnder, sha256, tempFolder } from '../../fixtures/shard/dataset-fixture.js'
import { livesOf } from '../../fixtures/shard/dying-store.js'

const request = requestOf({ shuffle: 'x', shards: 6 })
const far = (n: number) => ({ phash: sha256(`far ${n}`).slice(0, 16) })
/** Of a merge each has an image that the other has, too. */
const kinds: readonly (readonly [string, () => Promise<readonly Store[]>])[] = [
  ['curate', async () => [await crawled(numbered(12))]],
  ['a merge', async () => [await crawled(numbered(6, 1, far)), await crawled(numbered(7, 6, far))]],
]

/** More than the files of a shard, so that each life comes a step further, and dies at each of them. */
const mostWrites = 10

describe.each(kinds)('%s that dies at 50 moments and more', { timeout: 240_000 }, (_, open) => {
  it('at any file of a shard verifies, and the same command gives the bytes of one that did not', async () => {
    const sources = await open()
    const whole = await tempFolder()
    await curateTo(whole, sources, request)
    const dir = await tempFolder()
    const died = await livesOf(
      folderStore(dir),
      (life) => life % mostWrites,
      (store) => curateInto(() => store, sources, request),
    )
    expect(died).toBeGreaterThanOrEqual(50)
    expect(await bytesUnder(dir)).toEqual(await bytesUnder(whole))
  })
})
