import { randomBytes } from 'node:crypto'
import type { Candidate, RejectReason } from '../../records/index.js'
import type { Backend, BatchCommit, LeasedCandidate, Loser } from '../backend.js'
import { captionHash, contentNumber } from './hash.js'
import { countersOf, flag, listOf, rowsOf, textsOf, wholeMs } from './replies.js'
import type { CallScript, ScriptArgument } from './scripts.js'

/** A look-up compares each image with all of its bands: more at once would hold up everybody else. */
const lookUpsAtOnce = 64

/** 'id attempts host body' */
function leasedCandidateOf(record: string): LeasedCandidate {
  const [, id, attempts, body = ''] = /^(\d+) (\d+) \S* (.*)$/s.exec(record) ?? []
  return { id: Number(id), attempts: Number(attempts), body: JSON.parse(body) as Candidate }
}

/** 'row reason winner;...', the winner '' where there is none. */
export function losersOf(text: string): Loser[] {
  if (text === '') return []
  return text.split(';').map((loser) => {
    const [row, reason, winner = ''] = loser.split(' ')
    return { row: Number(row), reason: reason as RejectReason, duplicateOf: winner === '' ? null : winner }
  })
}
export function loserText(losers: readonly Loser[]): string {
  return losers.map(({ row, reason, duplicateOf }) => `${row} ${reason} ${duplicateOf ?? ''}`).join(';')
}

/** As the images' table stores it: 32 bytes behind an x where it is a SHA-256, else the text behind a t. */
function contentBytes(sha256: string): ScriptArgument {
  return /^[0-9a-f]{64}$/.test(sha256)
    ? Buffer.concat([Buffer.from('x'), Buffer.from(sha256, 'hex')])
    : `t${sha256}`
}

/** Best score first, unscored ones last, the first row where two score the same. */
function byScore(kept: BatchCommit['kept']): BatchCommit['kept'] {
  const rank = (score: number | null) => score ?? Number.NEGATIVE_INFINITY
  return kept.toSorted((a, b) =>
    rank(a.score) === rank(b.score) ? a.row - b.row : rank(b.score) - rank(a.score),
  )
}

function commitArguments(commit: BatchCommit): ScriptArgument[] {
  const { part } = commit
  return [
    commit.run,
    commit.batch,
    commit.token,
    randomBytes(6).toString('base64'),
    commit.distance,
    commit.dedupe,
    part?.name ?? '',
    part?.size ?? 0,
    part?.sha256 ?? '',
    part?.rows ?? 0,
    ...listOf([...new Set(commit.cited)].map(contentNumber)),
    commit.deferred.length,
    ...commit.deferred.flatMap(({ id, delayMs }) => [id, wholeMs(delayMs)]),
    commit.kept.length,
    ...byScore(commit.kept).flatMap(({ row, sha256, phash }) => [
      row,
      sha256,
      contentNumber(sha256),
      contentBytes(sha256),
      phash.padStart(16, '0'),
    ]),
    ...countersOf(commit.counters),
  ]
}

/** Candidates in batches, and the images that are kept. */
export function batchScripts(
  call: CallScript,
): Pick<
  Backend,
  | 'closeBatches'
  | 'openBatches'
  | 'leaseBatch'
  | 'extendBatch'
  | 'releaseBatch'
  | 'findDuplicates'
  | 'captionCounts'
  | 'commitBatch'
> {
  return {
    closeBatches: async (run, { batchSize, batchAgeMs, perHost, dry }) =>
      textsOf(await call('close_batches', [run, batchSize, wholeMs(batchAgeMs), perHost, flag(dry)])),
    openBatches: async (run, limit) => textsOf(await call('open_batches', [run, limit])),
    leaseBatch: async ({ run, batch, token, leaseMs }) => {
      const reply = await call('lease_batch', [run, batch, token, wholeMs(leaseMs)])
      const [kind, ...rest] = textsOf(reply)
      if (kind === 'busy') return { kind, inMs: Number(rest[0]) }
      if (kind === 'split') return { kind, batches: rest }
      if (kind !== 'batch') return { kind: 'gone' }
      const [starts, failures, ...records] = rest
      const candidates = records.map(leasedCandidateOf).toSorted((a, b) => a.id - b.id)
      return { kind, candidates, starts: Number(starts), failures: Number(failures) }
    },
    extendBatch: async ({ run, batch, token, leaseMs }) => {
      const held = await call('extend_batch', [run, batch, token, wholeMs(leaseMs)])
      return { kind: held === 1 ? 'held' : 'lost' }
    },
    releaseBatch: async ({ run, batch, token, failed }) =>
      void (await call('release_batch', [run, batch, token, flag(failed)])),
    findDuplicates: async ({ run, images, near, distance }) => {
      const found: { index: number; of: string; near: boolean }[] = []
      for (let first = 0; first < images.length; first += lookUpsAtOnce) {
        const some = images.slice(first, first + lookUpsAtOnce)
        const reply = await call('find_duplicates', [
          run,
          flag(near),
          distance,
          some.length,
          ...some.flatMap(({ sha256, phash }) => [contentNumber(sha256), phash.padStart(16, '0')]),
        ])
        for (const [place, winner = ''] of rowsOf(textsOf(reply), 2)) {
          const index = first + Number(place)
          found.push({
            index,
            of: winner === '' ? (images[index]?.sha256 ?? '') : winner,
            near: winner !== '',
          })
        }
      }
      return found
    },
    captionCounts: async (run, texts) =>
      textsOf(await call('caption_counts', [run, ...listOf(texts.map(captionHash))])).map(Number),
    commitBatch: async (commit) => {
      const [kind, kept, losers] = textsOf(await call('commit_batch', commitArguments(commit)))
      if (kind !== 'committed') return { kind: kind === 'stale' ? kind : 'lost' }
      return { kind, kept: Number(kept), losers: losersOf(losers ?? '') }
    },
  }
}
