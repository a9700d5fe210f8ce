import { z } from 'zod'
import { isPictured, messageOf, picturesOfPlan, thumbnailSide } from '../records/index.js'
import { checkedCopy } from './checked-copy.js'
import type { ShardEntry } from './entry.js'
import { rejectedKeyOf, rejectedName, rejectedPrefix } from './layout.js'
import type { ParquetRow } from './parquet-reader.js'
import type { Report } from './problem.js'
import { readShard } from './reader.js'
import type { Store } from './store.js'

const recordSchema = z.object({
  url: z.string(),
  key: z.null(),
  error_message: z.string(),
  sha256: z.string(),
})

interface Awaited {
  readonly key: string
  readonly file: string
  readonly report: Report
}

/**
 * Pictures of what was rejected, met in step with the rows they belong to. The first shard of a plan names the plan's, and their rows are in it
 * or in the plan's next shards: so those of one plan are held at a time, some dozens.
 */
export class RejectedPictures {
  readonly #isCopy: boolean
  readonly #isUnderWay: (plan: number) => boolean
  #plan: string | null = null
  /** Pictures whose row was not met yet, by what both have. */
  readonly #awaited = new Map<string, Awaited>()

  /**
   * `isCopy`: its entries were made up from a manifest, which does not tell of plans. `isUnderWay`: whether shards of a plan are still to be
   * committed, which may have the rows.
   */
  constructor(isCopy: boolean, isUnderWay: (plan: number) => boolean) {
    this.#isCopy = isCopy
    this.#isUnderWay = isUnderWay
  }

  /** Reads the pictures that a shard names, before its rows are. */
  async begin(store: Store, entry: ShardEntry, report: Report, signal: AbortSignal): Promise<void> {
    const files = entry.files.filter(({ name }) => name.startsWith(rejectedPrefix))
    const plan = `${entry.shard === null ? 'ledger' : 'shards'} of ${entry.plan}`
    if (files.length > 0 || plan !== this.#plan) this.end()
    this.#plan = plan
    for (const file of files) {
      const stem = /^rejected\/(\d{5,})\.tar$/.exec(file.name)?.[1]
      const isOwn = this.#isCopy || file.name === rejectedName(entry.plan)
      if (stem === undefined || !isOwn) report(`its entry names ${file.name} as its rejected pictures`)
      const copy = await checkedCopy(store, file, report, signal)
      if (copy === null) continue
      try {
        await this.#read(copy.path, Number(stem), file.name, report, signal)
      } catch (error) {
        signal.throwIfAborted()
        report(`is not readable: ${messageOf(error)}`, { file: file.name })
      } finally {
        await copy.release()
      }
    }
    if (this.#isUnderWay(entry.plan)) this.#awaited.clear()
  }

  /** A rejected row, as its parquet has it. */
  met({ url, error_message, sha256 }: ParquetRow): void {
    if (this.#awaited.size > 0) this.#awaited.delete(JSON.stringify([url, error_message, sha256]))
  }

  /** No row comes any more that a picture could belong to. */
  end(): void {
    for (const { key, file, report } of this.#awaited.values()) {
      report('shows what no rejected row of its plan tells of', { file, key })
    }
    this.#awaited.clear()
  }

  async #read(path: string, plan: number, file: string, report: Report, signal: AbortSignal): Promise<void> {
    const ofReason = new Map<string, number>()
    let read = 0
    for await (const { key, files } of readShard(path)) {
      signal.throwIfAborted()
      const tell = (message: string) => report(message, { file, key })
      const expected = rejectedKeyOf(plan, read++)
      if (key !== expected) tell(`picture ${read - 1} has key ${key}, not ${expected}`)
      const names = [...files.keys()].sort().join(' ')
      if (names !== 'json webp') tell(`has the members ${names}, not json webp`)
      const image = files.get('webp')
      if (image !== undefined) await checkPicture(image, tell)
      const json = files.get('json')
      if (json === undefined) continue
      const record = recordSchema.safeParse(parsed(json))
      if (!record.success) {
        tell(`has an unreadable json: ${z.prettifyError(record.error)}`)
        continue
      }
      const { url, error_message: reason, sha256 } = record.data
      if (!isPictured(reason)) tell(`is a picture of what was rejected for ${reason}, of which none is kept`)
      ofReason.set(reason, (ofReason.get(reason) ?? 0) + 1)
      this.#awaited.set(JSON.stringify([url, reason, sha256]), { key, file, report })
    }
    for (const [reason, count] of ofReason) {
      if (count > picturesOfPlan)
        report(`has ${count} pictures for ${reason}, more than ${picturesOfPlan}`, { file })
    }
  }
}

async function checkPicture(bytes: Uint8Array, report: (message: string) => void): Promise<void> {
  try {
    // Loaded by the first image: who writes shards decodes none.
    const { wholePicture } = await import('./whole-picture.js')
    const { format, width, height } = await wholePicture(bytes)
    if (format !== 'webp') report(`has a picture in ${format}, not webp`)
    if (Math.max(width, height) > thumbnailSide)
      report(`has a picture of ${width}x${height}, larger than ${thumbnailSide}`)
  } catch (error) {
    report(`has a picture that cannot be decoded: ${messageOf(error)}`)
  }
}

function parsed(json: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(json).toString('utf8'))
  } catch {
    return null
  }
}
