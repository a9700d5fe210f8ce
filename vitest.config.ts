import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/setup/longest-first.js'

const cores = availableParallelism()
/** Part of their time is spent waiting: for browsers, delays, leases, and programs that come up. */
const fiveForTwo = Math.ceil(2.5 * cores)
const fileEnd = 'test/setup/file-end.ts'
const built = ['test/setup/fresh-build.ts', 'test/setup/debian-packages.ts']

/** Four kinds of tests, each a folder; the quick ones first, the others all at once: where one waits, others work. */
export default defineConfig({
  test: {
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/setup/no-outside.ts', fileEnd],
          // One process loads the program once for all of its files. So none of them may leave anything behind in it.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: cores,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          testTimeout: 60_000,
          maxWorkers: fiveForTwo,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: built,
          setupFiles: [fileEnd],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: fiveForTwo,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: built,
          setupFiles: [fileEnd],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: fiveForTwo,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
