import type { Progress, RunEntry } from '../../src/workers/backend/backend.js'
import { noProgress } from '../workers/no-progress.js'

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

export const progress = (changes: Partial<Progress> = {}): Progress => ({ ...noProgress, ...changes })
