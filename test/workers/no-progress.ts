import type { Progress } from '../../src/workers/backend/backend.js'

/** What a run has that was seeded once and has nothing yet. */
export const noProgress: Progress = {
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
}
