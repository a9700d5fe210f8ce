import type { RunActivity, RunSnapshot } from '../run/index.js'
import { total } from './figures.js'

/** Work of a run by now, with what is not committed yet. */
export interface Counts {
  readonly pages: number
  /** Of lists. */
  readonly rows: number
  /** Of archives. */
  readonly records: number
  readonly candidates: number
  /** Candidates whose image came, or need not come any more. */
  readonly images: number
  readonly imagesFetched: number
  /** Candidates that have their verdict. */
  readonly judged: number
  readonly kept: number
  /** Pairs in shards. */
  readonly written: number
  readonly shards: number
}

/** Per second, over the last seconds. */
export interface Rates {
  readonly pages: number
  readonly rows: number
  readonly records: number
  readonly images: number
  readonly judged: number
  readonly kept: number
}

export interface Moment {
  readonly atMs: number
  readonly counts: Counts
}

/** What was seen of a run since its command began; times are of the display's clock. */
export interface Watched {
  readonly snapshot: RunSnapshot
  readonly seenAtMs: number
  readonly activity: RunActivity
  readonly activityAtMs: number
  /** The last seconds, oldest first; empty while the run starts: what earlier starts did is no work of now. */
  readonly moments: readonly Moment[]
  readonly beganAtMs: number
  /** When a count last changed. */
  readonly movedAtMs: number
  /** When the note of the snapshot became what it is. */
  readonly noteAtMs: number
  /** Longest time that was shown: it never goes back. */
  readonly elapsedMs: number
}

/** Moments are kept for so long. */
const keptMs = 30_000
const idle: RunActivity = { done: {}, waits: [], readShare: 1 }

/** The first sight of a run. Pure. */
export function watchedFrom(snapshot: RunSnapshot, atMs: number): Watched {
  const begun = { beganAtMs: atMs, movedAtMs: atMs, noteAtMs: atMs, elapsedMs: 0 }
  return { snapshot, seenAtMs: atMs, activity: idle, activityAtMs: atMs, moments: [], ...begun }
}

/** With a newer snapshot. Pure. */
export function withSnapshot(before: Watched, snapshot: RunSnapshot, atMs: number): Watched {
  const noteAtMs = snapshot.note === before.snapshot.note ? before.noteAtMs : atMs
  return moved({ ...before, elapsedMs: elapsedOf(before, atMs), snapshot, seenAtMs: atMs, noteAtMs }, atMs)
}

/** With newer activity. Pure. */
export function withActivity(before: Watched, activity: RunActivity, atMs: number): Watched {
  return moved({ ...before, activity, activityAtMs: atMs }, atMs)
}

function moved(watched: Watched, atMs: number): Watched {
  if (watched.snapshot.state === 'starting') return watched
  const counts = countsOf(watched)
  const last = watched.moments.at(-1)
  const isSame = last !== undefined && JSON.stringify(last.counts) === JSON.stringify(counts)
  const recent = watched.moments.filter((one) => atMs - one.atMs <= keptMs && one.atMs !== atMs)
  return {
    ...watched,
    moments: [...recent, { atMs, counts }],
    movedAtMs: isSame ? watched.movedAtMs : atMs,
  }
}

export const isGoingOn = ({ state }: Pick<RunSnapshot, 'state'>): boolean =>
  state === 'starting' || state === 'running' || state === 'draining'

export const countOf = (snapshot: Pick<RunSnapshot, 'counters'>, counter: string): number =>
  snapshot.counters[counter] ?? 0

/** Candidates that have their verdict. */
export const judgedOf = (snapshot: Pick<RunSnapshot, 'counters'>): number =>
  countOf(snapshot, 'kept') + total(snapshot.counters, 'rejected')

/** Counts of what was seen; at its end a run has no work under way, whatever was said of that last. */
export function countsOf({ snapshot, activity }: Watched): Counts {
  const done = isGoingOn(snapshot) ? activity.done : {}
  const count = (name: string) => countOf(snapshot, name) + (done[name] ?? 0)
  const judged = judgedOf(snapshot)
  const candidates = count('candidates')
  const kept = count('kept')
  return {
    pages: count('pages'),
    rows: count('rows'),
    records: count('records'),
    candidates,
    images: Math.min(candidates, judged + (done.images_done ?? 0)),
    imagesFetched: count('images_fetched'),
    judged: Math.min(candidates, judged + (done.judged ?? 0)),
    kept,
    // Of a run that an early version began this is not counted from its beginning.
    written: snapshot.state === 'done' ? kept : Math.min(kept, count('pairs_written')),
    shards: count('shards'),
  }
}

/** Rates over the last moments within a time; 0 where they are not a second apart. */
export function ratesOf(moments: readonly Moment[], windowMs: number): Rates {
  const last = moments.at(-1)
  const first = moments.find(({ atMs }) => last !== undefined && last.atMs - atMs <= windowMs)
  const seconds = first === undefined || last === undefined ? 0 : (last.atMs - first.atMs) / 1000
  const rate = (of: keyof Counts): number =>
    !first || !last || seconds < 1 ? 0 : Math.max(0, (last.counts[of] - first.counts[of]) / seconds)
  return {
    pages: rate('pages'),
    rows: rate('rows'),
    records: rate('records'),
    images: rate('imagesFetched'),
    judged: rate('judged'),
    kept: rate('kept'),
  }
}

/** Time of the run, over all its starts. */
export function elapsedOf({ snapshot, seenAtMs, elapsedMs }: Watched, nowMs: number): number {
  if (!isGoingOn(snapshot)) return snapshot.elapsedMs
  const carriedOn = snapshot.state === 'starting' ? 0 : snapshot.elapsedMs + nowMs - seenAtMs
  return Math.max(elapsedMs, carriedOn)
}
