import { randomBytes } from 'node:crypto'
import type { Candidate } from '../../records/index.js'
import type { Backend, BatchCommit, BatchCommitted, LeasedCandidate, SourceCommitted } from '../backend.js'
import type { CallJson } from '../json-methods.js'
import { unpackRejects } from '../reject-chunk.js'
import { candidateArguments, candidatesAtOnce, slices } from './frontier-scripts.js'
import { captionHash, contentNumber } from './hash.js'
import { losersOf } from './plan-scripts.js'
import { countersOf, flag, listOf, textsOf, wholeMs } from './replies.js'
import type { CallScript, ScriptArgument } from './scripts.js'

/** A look-up compares each image with all of its bands: more at once would hold up everybody else. */
const lookUpsAtOnce = 64
/** Images that one script puts where they are looked for. */
const settledAtOnce = 64
/** For each image that a commit keeps: itself, and four of a run that moves. So it has moved when it has a quarter more. */
const settledForKept = 5

/** 'id attempts host body' */
function leasedCandidateOf(record: string): LeasedCandidate {
  const [, id, attempts, body = ''] = /^(\d+) (\d+) \S* (.*)$/s.exec(record) ?? []
  return { id: Number(id), attempts: Number(attempts), body: JSON.parse(body) as Candidate }
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

interface LookedUp {
  /** The image that was claimed last when it was looked; null = it was not looked at all. */
  readonly last: number | null
  readonly found: readonly { index: number; of: string; near: boolean; distance: number | null }[]
}

/** Looks in slices: `last` is of the first of them. */
async function lookUp(
  callJson: CallJson,
  { images, ...wish }: Parameters<Backend['findDuplicates']>[0],
): Promise<LookedUp> {
  let last: number | null = null
  const found: LookedUp['found'][number][] = []
  for (const [turn, some] of slices(images, lookUpsAtOnce).entries()) {
    const looked = some.map(({ sha256, phash }) => ({
      sha256,
      number: contentNumber(sha256),
      phash: phash.padStart(16, '0'),
    }))
    const answer = (await callJson('find_duplicates', { ...wish, images: looked })) as LookedUp
    last ??= answer.last
    found.push(...answer.found.map((one) => ({ ...one, index: one.index + turn * lookUpsAtOnce })))
  }
  return { last, found }
}

/** `kept`: as they were looked up, best score first. */
function commitArguments(
  commit: BatchCommit,
  kept: BatchCommit['kept'],
  { last, found }: LookedUp,
): ScriptArgument[] {
  const { part } = commit
  const nearest = new Map(found.filter(({ near }) => near).map((one) => [one.index, one]))
  return [
    commit.run,
    commit.batch,
    commit.token,
    randomBytes(6).toString('base64'),
    commit.distance,
    commit.dedupe,
    last ?? '',
    part?.name ?? '',
    part?.size ?? 0,
    part?.sha256 ?? '',
    part?.rows ?? 0,
    commit.dropped ?? 0,
    ...listOf([...new Set(commit.cited)].map(contentNumber)),
    commit.deferred.length,
    ...commit.deferred.flatMap(({ id, delayMs }) => [id, wholeMs(delayMs)]),
    kept.length,
    ...kept.flatMap(({ row, sha256, phash }, index) => [
      row,
      sha256,
      contentNumber(sha256),
      contentBytes(sha256),
      phash.padStart(16, '0'),
      nearest.get(index)?.of ?? '',
      nearest.get(index)?.distance ?? '',
    ]),
    ...countersOf(commit.counters),
  ]
}

/**
 * What candidates come from beside pages, candidates in batches, and the images that are kept. `chunksFrom`: as many images are kept by a run
 * before near ones are looked for by chunks and not by bands (lua/parts/claims.lua).
 */
export function batchScripts(call: CallScript, callJson: CallJson, chunksFrom: number) {
  /** After a commit: what a death leaves undone is done after a later one, and found meanwhile. */
  const settle = async (run: string, kept: number) => {
    for (let slices = Math.ceil((kept * settledForKept) / settledAtOnce); slices > 0; slices -= 1) {
      if ((await call('settle_images', [run, settledAtOnce, chunksFrom])) === 0) return
    }
  }
  return {
    commitSource: async ({ run, source, from, to, ended, candidates, counters, ...shape }) => {
      // Candidates beyond those that one script should carry go ahead: each enters once, so nothing is doubled where the rest does not follow.
      const parts = slices(candidates, candidatesAtOnce)
      const last = parts.pop() ?? []
      for (const [some, more] of [...parts.map((part) => [part, true] as const), [last, false] as const]) {
        const where = [run, source, from, to, flag(ended), flag(more)]
        const { batchSize, batchAgeMs, perHost } = shape
        const found = [...candidateArguments('', some), ...countersOf(counters)]
        const args = [...where, batchSize, wholeMs(batchAgeMs), perHost, ...found]
        const committed = JSON.parse(String(await call('commit_source', args))) as SourceCommitted
        if (committed.kind === 'elsewhere' || !more) return committed
      }
      throw new Error('a commit without its last part')
    },
    leaseBatch: async ({ run, batch, token, leaseMs }) => {
      const reply = await call('lease_batch', [run, batch, token, wholeMs(leaseMs)])
      const [kind, ...rest] = textsOf(reply)
      if (kind === 'busy') return { kind, inMs: Number(rest[0]) }
      if (kind === 'split') return { kind, batches: rest }
      if (kind === 'rejects') return { kind, rejects: rest.flatMap(unpackRejects) }
      if (kind !== 'batch') return { kind: 'gone' }
      const [starts, failures, ...records] = rest
      const candidates = records.map(leasedCandidateOf).toSorted((a, b) => a.id - b.id)
      return { kind, candidates, starts: Number(starts), failures: Number(failures) }
    },
    findDuplicates: async (wish) => {
      const { found } = await lookUp(callJson, wish)
      return found.map(({ index, of, near }) => ({ index, of, near }))
    },
    captionCounts: async (run, texts) =>
      textsOf(await call('caption_counts', [run, ...listOf(texts.map(captionHash))])).map(Number),
    // The look-ups, which take long, come first, in slices: the one script that commits has but to look among the images claimed since.
    commitBatch: async (commit): Promise<BatchCommitted> => {
      const { run, dedupe, distance } = commit
      const near = dedupe === 'near'
      const images = byScore(commit.kept)
      for (;;) {
        const looked = await lookUp(callJson, { run, images: near ? images : [], near, distance })
        const reply = await call('commit_batch', commitArguments(commit, images, looked))
        const [kind, kept, losers] = textsOf(reply)
        if (kind === 'late') continue
        if (kind !== 'committed') return { kind: kind === 'stale' ? kind : 'lost' }
        if (near) await settle(run, Number(kept))
        return { kind, kept: Number(kept), losers: losersOf(losers) }
      }
    },
  } satisfies Partial<Backend>
}
