import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const cores = availableParallelism()
const built = ['test/setup/fresh-build.ts', 'test/setup/debian-packages.ts']

/** Four kinds of tests, each a folder; the quick ones first. */
export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/setup/no-outside.ts'],
          testTimeout: 30_000,
          maxWorkers: cores,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          testTimeout: 30_000,
          maxWorkers: cores,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: built,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: cores,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: built,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // Most of their time is spent waiting: for delays, leases and programs that come up.
          maxWorkers: 2 * cores,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
