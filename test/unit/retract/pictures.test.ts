import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { retract } from '../../../src/retract/index.js'
import {
  compileDataset,
  executePlan,
  folderStore,
  readEntries,
  verifyDataset,
  writePlan,
} from '../../../src/shard/index.js'
import { heldOf, quiet } from '../../fixtures/retract/held.js'
import {
  calm,
  datasetInfo,
  keptRow,
  picture,
  picturedRow,
  picturesIn,
  planOfRows,
  tempFolder,
} from '../../fixtures/shard/dataset-fixture.js'

/** A plan of three shards, whose first one names the pictures of all its rejected rows. */
async function dataset() {
  const dir = await tempFolder()
  const store = folderStore(dir)
  const rejected = await Promise.all(Array.from({ length: 9 }, (_, n) => picturedRow(n)))
  const kept = await Promise.all(
    Array.from({ length: 25 }, async (_, i) => keptRow(100 + i, await picture(100 + i))),
  )
  const plan = await planOfRows(store, [kept, rejected])
  await writePlan(store, plan, calm)
  await executePlan({ store }, plan, () => {}, calm)
  await compileDataset(store, datasetInfo, calm)
  return { dir, store, pictures: join(dir, 'rejected/00000.tar') }
}

it('the picture of a rejected row goes with the row, and the others keep their order', async () => {
  const { store, pictures } = await dataset()
  const before = await picturesIn(pictures)
  const gone = before[3]
  const named = [{ kind: 'sha256', value: String(gone?.row.sha256) }] as const
  const wish = { named, reason: 'asked to', isDryRun: false, at: '2026-01-02T03:04:05.000Z' }
  const report = await retract(heldOf(store), wish, quiet)
  expect(report).toMatchObject({ counts: { samples: 0, rejected: 1, pictures: 1 } })
  const shown = (await picturesIn(pictures)).map(({ row, webp }) => [row.sha256, webp])
  expect(shown).toEqual(before.filter((one) => one !== gone).map(({ row, webp }) => [row.sha256, webp]))
  expect((await verifyDataset(store, () => {}, calm)).problems).toEqual([])
  // No tar of pairs is another one for it.
  expect((await readEntries(store, calm)).map(({ samples }) => samples).reduce((a, b) => a + b)).toBe(25)
  await rm(pictures)
  expect((await verifyDataset(store, () => {}, calm)).problems).not.toEqual([])
})
