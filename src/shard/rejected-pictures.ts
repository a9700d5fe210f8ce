import { PictureChoice, type Pictured, picturesOfPlan, type Row } from '../records/index.js'
import { rejectedKeyOf } from './layout.js'
import type { ShardPlan } from './plan.js'
import { sampleRecord } from './sample-record.js'
import type { ShardSource } from './shard-source.js'
import { type FileSums, SummedFile } from './summed-file.js'
import { addMember, endArchive } from './tar-writer.js'

interface RowWithPicture extends Pictured {
  readonly row: Row
  /** WebP in Base64. */
  readonly thumbnail: string
}

/**
 * Writes the pictures that the first shard of a plan names, a few of each reason, with their rows as the parquet has them; null = it is
 * another shard, or the plan's parts carry none, and nothing is written.
 */
export async function writeRejected(
  path: string,
  plan: number,
  { pictured }: ShardPlan,
  source: Pick<ShardSource, 'rows'>,
  signal: AbortSignal,
): Promise<FileSums | null> {
  if (pictured === null) return null
  const choice = new PictureChoice<RowWithPicture>(picturesOfPlan)
  for await (const row of source.rows(pictured, signal)) {
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
