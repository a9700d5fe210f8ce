import { createHash } from 'node:crypto'
import type { RejectEntries } from '../records/index.js'
import type { CaptionChoice } from './caption.js'

/** How many of the best are kept: a share of them, above 0 and up to 1, or a number. */
export type Top = { readonly share: number } | { readonly count: number }

/** A dataset that a split gives; `share`: of its groups, by chance. */
export interface Side {
  readonly name: string
  readonly share: number
}

export const groupings = ['phash', 'page_host'] as const
export type Grouping = (typeof groupings)[number]

/** All that decides what is kept, and how it is written. null = nothing was asked for. */
export interface CurateRequest {
  /** A condition in SQL over the view `pairs`. */
  readonly where: string | null
  readonly uids: UidList | null
  /** What never comes into it. */
  readonly reject: RejectedList | null
  readonly top: Top | null
  /** The best of each language, in place of all. */
  readonly per: 'language' | null
  /** Column of numbers by which a pair is better than another. */
  readonly by: string
  readonly maxPerHost: number | null
  /** Cosine of two images' embeddings from which on only the better one is kept. */
  readonly dedupeCosine: number | null
  /** What becomes the caption: the first of these that a pair has. */
  readonly caption: readonly CaptionChoice[] | null
  /** Id of the model that embeds captions that were chosen anew. */
  readonly model: string | null
  readonly shuffle: string | null
  /** Samples in the largest shard. */
  readonly shardSize: number | null
  readonly shards: number | null
  readonly split: readonly Side[] | null
  readonly groupBy: Grouping | null
  readonly keepLedger: boolean
}

export const defaultBy = 'clip_score'

/** A list of what is never to be taken. */
interface RejectedList {
  readonly entries: RejectEntries
  /** SHA-256 of them. */
  readonly digest: string
}

/** Uids that may be kept: the first 64 bits of each, ascending. Of a billion different ones, two are alike in three of a hundred lists. */
export interface UidList {
  readonly halves: BigUint64Array
  /** SHA-256 of them. */
  readonly digest: string
}

/** A list of one uid a line; empty lines and those that begin with # say nothing. Pure. */
export function parseUids(text: string): UidList | { readonly problem: string } {
  const halves: bigint[] = []
  for (const [i, line] of text.split('\n').entries()) {
    const uid = line.trim()
    if (uid === '' || uid.startsWith('#')) continue
    if (!/^[0-9a-f]{32}$/.test(uid)) {
      return { problem: `line ${i + 1} is "${uid.slice(0, 60)}": a uid has 32 lower-case hex digits` }
    }
    halves.push(BigInt(`0x${uid.slice(0, 16)}`))
  }
  const sorted = BigUint64Array.from(halves).sort()
  const digest = createHash('sha256').update(new Uint8Array(sorted.buffer)).digest('hex')
  return { halves: sorted, digest }
}

/** The request as a dataset tells it: plain JSON, in a fixed order; what was not asked for is left out. Pure. */
export function publishedRequest(request: CurateRequest): Record<string, Published> {
  const { where, uids, reject, top, per, by, maxPerHost, dedupeCosine, caption, model } = request
  const { shuffle, shardSize, shards, split, groupBy } = request
  const all: Record<string, Published | null> = {
    where,
    uids: uids === null ? null : uids.digest,
    reject: reject === null ? null : reject.digest,
    top: top === null ? null : 'share' in top ? `${100 * top.share}%` : top.count,
    per,
    by: by === defaultBy ? null : by,
    max_per_host: maxPerHost,
    dedupe_cosine: dedupeCosine,
    caption: caption === null ? null : caption.join(','),
    model,
    shuffle,
    shard_size: shardSize,
    shards,
    split: split === null ? null : split.map(({ name, share }) => `${name}=${share}`).join(','),
    group_by: groupBy,
    keep_ledger: request.keepLedger ? true : null,
  }
  const said = Object.entries(all).filter((entry): entry is [string, Published] => entry[1] !== null)
  return Object.fromEntries(said)
}

type Published = string | number | boolean

/** Why a request makes no sense; null = it does. Pure. */
export function requestProblem(request: CurateRequest): string | null {
  const { caption, model, top, per, shardSize, shards, split, groupBy } = request
  if (model !== null && caption === null)
    return '--model needs --caption: it embeds captions that are chosen anew'
  if (per !== null && top === null) return '--per needs --top: it says of what the best are taken'
  if (shardSize !== null && shards !== null) return '--shard-size and --shards say two things: give one'
  if (groupBy !== null && split === null) return '--group-by needs --split: it says what stays together in it'
  if (split !== null) return splitProblem(split)
  return null
}

function splitProblem(split: readonly Side[]): string | null {
  const names = new Set(split.map(({ name }) => name))
  if (split.length < 2) return '--split names one dataset: it needs two or more, such as train=0.98,val=0.02'
  if (names.size < split.length) return '--split names a dataset twice'
  const sum = split.reduce((total, { share }) => total + share, 0)
  return Math.abs(sum - 1) > 1e-6 ? `the shares of --split make ${Number(sum.toFixed(6))}, not 1` : null
}
