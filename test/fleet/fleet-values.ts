import type { Progress, RunEntry } from '../../src/workers/backend/backend.js'

export function entry(run: string, changes: Partial<RunEntry> = {}): RunEntry {
  return {
    run,
    standing: 'running',
    note: null,
    ended: null,
    createdMs: 0,
    options: {},
    limits: { maxPages: null, maxPairs: null, maxPagesPerHost: null },
    model: null,
    ...changes,
  }
}

export function progress(changes: Partial<Progress> = {}): Progress {
  return {
    urls: 0,
    hosts: 0,
    pages: 0,
    pagesLeased: 0,
    buffered: 0,
    batchesOpen: 0,
    batchesLeased: 0,
    kept: 0,
    unplannedKept: 0,
    unplannedRows: 0,
    plansOpen: 0,
    nextShard: 0,
    elapsedMs: 0,
    standing: 'running',
    ended: null,
    seedings: 1,
    sourcesOpen: 0,
    pageRows: 0,
    ...changes,
  }
}
