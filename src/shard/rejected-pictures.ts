import { PictureChoice, type Pictured, picturesOfPlan, type Row } from '../records/index.js'
import { rejectedKeyOf } from './layout.js'
import type { ShardPlan } from './plan.js'
import type { PlanSource } from './plan-source.js'
import { sampleRecord } from './sample-record.js'
import { type FileSums, SummedFile } from './summed-file.js'
import { addMember, endArchive } from './tar-writer.js'

interface RowWithPicture extends Pictured {
  readonly row: Row
  /** WebP in Base64. */
  readonly thumbnail: string
}

/** Rejected rows of a plan, whichever shard they were dealt to, ascending. Pure. */
export function rejectedOf(shards: readonly ShardPlan[]): Uint32Array {
  const all = new Uint32Array(shards.reduce((sum, { rejected }) => sum + rejected.length, 0))
  let at = 0
  for (const { rejected } of shards) {
    all.set(rejected, at)
    at += rejected.length
  }
  return all.sort()
}

/**
 * Writes the pictures of a plan's rejected rows, a few of each reason, with their rows as the parquet has them; null = its parts carry
 * none, and nothing is written.
 */
export async function writeRejected(
  path: string,
  plan: number,
  rejected: Uint32Array,
  source: PlanSource,
  signal: AbortSignal,
): Promise<FileSums | null> {
  const choice = new PictureChoice<RowWithPicture>(picturesOfPlan)
  for await (const row of source.rows(rejected, signal)) {
    const { reason, sha256, thumbnail = null } = row
    if (reason !== null && sha256 !== null && thumbnail !== null)
      choice.add({ reason, sha256, thumbnail, row })
  }
  const chosen = choice.chosen()
  if (chosen.length === 0) return null
  const tar = await SummedFile.create(path)
  try {
    for (const [i, { row, thumbnail }] of chosen.entries()) {
      const key = rejectedKeyOf(plan, i)
      await addMember(tar, `${key}.json`, Buffer.from(JSON.stringify(sampleRecord(row, null, null))))
      await addMember(tar, `${key}.webp`, Buffer.from(thumbnail, 'base64'))
    }
    return await endArchive(tar)
  } finally {
    await tar.abandon()
  }
}
