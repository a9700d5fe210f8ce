import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { tempFolder } from '../fixtures/run/pairmill.js'

const root = resolve(import.meta.dirname, '../..')

const value = (from: string) => `import { anything } from '${from}'\n\nanything()\n`
const type = (from: string) => `import type { Anything } from '${from}'\n\nexport type Other = Anything\n`

const refused: readonly (readonly [string, string])[] = [
  ['src/records/some.ts', '../net/index.js'],
  ['src/lock/some.ts', '../net/index.js'],
  ['src/disk/some.ts', '../net/index.js'],
  ['src/timing/some.ts', '../records/index.js'],
  ['src/net/some.ts', '../crawl/index.js'],
  ['src/net/some.ts', '../backend/index.js'],
  ['src/crawl/some.ts', '../workers/index.js'],
  ['src/crawl/extract/some.ts', '../../run/engine.js'],
  ['src/crawl/some.ts', '../filter/index.js'],
  ['src/crawl/some.ts', '../cli/run.js'],
  ['src/crawl/some.ts', '../net/fetch.js'],
  ['src/filter/some.ts', '../workers/index.js'],
  ['src/filter/clip/some.ts', '../../backend/backend.js'],
  ['src/filter/some.ts', '../crawl/index.js'],
  ['src/filter/some.ts', '../shard/index.js'],
  ['src/filter/clip/some.ts', '../../lock/owner.js'],
  ['src/shard/some.ts', '../workers/index.js'],
  ['src/shard/some.ts', '../filter/index.js'],
  ['src/shard/some.ts', '../query/index.js'],
  ['src/query/some.ts', '../filter/index.js'],
  ['src/query/some.ts', '../run/index.js'],
  ['src/query/some.ts', '../cli/figures.js'],
  ['src/query/some.ts', '../shard/entry.js'],
  ['src/workers/some.ts', '../query/index.js'],
  ['src/query/some.ts', '../curate/index.js'],
  ['src/shard/some.ts', '../curate/index.js'],
  ['src/feed/some.ts', '../run/index.js'],
  ['src/feed/some.ts', '../query/index.js'],
  ['src/feed/some.ts', '../shard/entry.js'],
  ['src/query/some.ts', '../retract/index.js'],
  ['src/workers/some.ts', '../retract/index.js'],
  ['src/library/some.ts', '../feed/epoch.js'],
  ['src/library/some.ts', '../curate/index.js'],
  ['src/curate/some.ts', '../feed/index.js'],
  ['src/curate/some.ts', '../run/index.js'],
  ['src/curate/some.ts', '../cli/figures.js'],
  ['src/curate/some.ts', '../shard/entry.js'],
  ['src/curate/some.ts', '../query/tables.js'],
  ['src/demo/some.ts', '../crawl/index.js'],
  ['src/backend/some.ts', '../workers/index.js'],
  ['src/backend/some.ts', '../run/index.js'],
  ['src/backend/some.ts', '../filter/index.js'],
  ['src/backend/redis/some.ts', '../../crawl/url.js'],
  ['src/backend/some.ts', '../options/index.js'],
  ['src/crawl/some.ts', '../options/index.js'],
  ['src/filter/some.ts', '../options/index.js'],
  ['src/options/some.ts', '../backend/index.js'],
  ['src/options/some.ts', '../workers/index.js'],
  ['src/options/some.ts', '../run/index.js'],
  ['src/options/some.ts', '../cli/run.js'],
  ['src/options/some.ts', '../crawl/url.js'],
  ['src/workers/some.ts', '../options/table.js'],
  ['src/workers/some.ts', '../run/index.js'],
  ['src/workers/some.ts', '../backend/backend.js'],
  ['src/workers/some.ts', '../crawl/url.js'],
  ['src/workers/some.ts', './hosts/slots.js'],
  ['src/workers/hosts/some.ts', '../../lock/fence/index.js'],
  ['src/backend/pglite/some.ts', '../../lock/fence/lock-text.js'],
  ['src/workers/hosts/some.ts', '../crawl-worker.js'],
  ['src/workers/hosts/some.ts', '../../options/index.js'],
  ['src/run/some.ts', '../cli/run.js'],
  ['src/run/some.ts', '../options/table.js'],
  ['src/run/some.ts', '../workers/pipeline.js'],
  ['src/run/some.ts', '../workers/hosts/index.js'],
  ['src/run/observe/some.ts', '../../shard/plan.js'],
  ['src/run/some.ts', '../retract/index.js'],
  ['src/shard/some.ts', '../retract/index.js'],
  ['src/retract/some.ts', '../workers/index.js'],
  ['src/retract/some.ts', '../cli/retract.js'],
  ['src/retract/some.ts', '../shard/plan.js'],
  ['src/retract/some.ts', '../run/folder-lock.js'],
  ['src/query/some.ts', '../report/index.js'],
  ['src/run/some.ts', '../report/index.js'],
  ['src/retract/some.ts', '../report/index.js'],
  ['src/library/some.ts', '../report/index.js'],
  ['src/report/some.ts', '../cli/figures.js'],
  ['src/report/some.ts', '../retract/index.js'],
  ['src/report/some.ts', '../curate/index.js'],
  ['src/report/some.ts', '../query/tables.js'],
  ['src/report/some.ts', '../run/engine.js'],
  ['src/report/some.ts', './page/visible.js'],
  ['src/report/page/some.ts', 'node:fs'],
  ['src/report/page/some.ts', '../document.js'],
  ['src/report/page/some.ts', '../../records/index.js'],
  ['src/report/page/explore/some.ts', '../../explore/server.js'],
  ['src/report/page/explore/some.ts', 'node:fs'],
  ['src/report/explore/some.ts', '../../feed/follower.js'],
  ['src/cli/some.ts', '../report/document.js'],
  ['src/cli/some.ts', '../report/explore/index.js'],
  ['src/cli/some.ts', '../retract/hold.js'],
  ['src/cli/some.ts', '../feed/serve/desk.js'],
  ['src/library/some.ts', '../feed/serve/index.js'],
  ['src/feed/serve/some.ts', '../../query/index.js'],
  ['src/library/some.ts', '../retract/index.js'],
  ['src/cli/some.ts', '../lock/fence/index.js'],
  ['src/cli/some.ts', '../filter/text.js'],
  ['src/cli/some.ts', '../query/tables.js'],
  ['src/cli/some.ts', '../curate/pool.js'],
  ['src/cli/some.ts', '../options/table.js'],
  ['src/cli/some.ts', '../run/engine.js'],
  ['src/cli/some.ts', '../run/observe/log.js'],
  ['src/cli/some.ts', '../library/index.js'],
  ['src/run/some.ts', '../library/index.js'],
  ['src/library/some.ts', '../cli/run.js'],
  ['src/library/some.ts', '../backend/index.js'],
  ['src/library/some.ts', '../shard/reader.js'],
]

const allowed: readonly (readonly [string, string])[] = [
  ['src/crawl/some.ts', '../records/index.js'],
  ['src/crawl/some.ts', '../net/index.js'],
  ['src/crawl/some.ts', './url.js'],
  ['src/filter/some.ts', '../disk/index.js'],
  ['src/filter/clip/some.ts', '../../records/index.js'],
  ['src/filter/clip/some.ts', '../../lock/index.js'],
  ['src/shard/some.ts', '../disk/index.js'],
  ['src/query/some.ts', '../shard/index.js'],
  ['src/feed/some.ts', '../shard/index.js'],
  ['src/library/some.ts', '../feed/index.js'],
  ['src/library/some.ts', '../query/index.js'],
  ['src/curate/some.ts', '../query/index.js'],
  ['src/curate/some.ts', '../shard/index.js'],
  ['src/backend/some.ts', '../crawl/index.js'],
  ['src/backend/redis/some.ts', '../work-queue.js'],
  ['src/options/some.ts', '../records/index.js'],
  ['src/options/some.ts', '../crawl/index.js'],
  ['src/options/some.ts', '../filter/index.js'],
  ['src/workers/some.ts', '../options/index.js'],
  ['src/workers/some.ts', '../backend/index.js'],
  ['src/backend/pglite/some.ts', '../../lock/fence/index.js'],
  ['src/workers/some.ts', './hosts/index.js'],
  ['src/workers/hosts/some.ts', '../../crawl/index.js'],
  ['src/run/some.ts', '../workers/index.js'],
  ['src/run/observe/some.ts', '../engine.js'],
  ['src/retract/some.ts', '../run/index.js'],
  ['src/retract/some.ts', '../shard/index.js'],
  ['src/report/some.ts', '../query/index.js'],
  ['src/report/some.ts', '../shard/index.js'],
  ['src/report/some.ts', '../run/index.js'],
  ['src/report/explore/some.ts', '../page-data.js'],
  ['src/report/page/some.ts', '../page-data.js'],
  ['src/report/page/some.ts', '../../records/shell-quoted.js'],
  ['src/report/explore/some.ts', '../../feed/index.js'],
  ['src/report/page/explore/some.ts', '../../explore/explore-data.js'],
  ['src/report/page/explore/some.ts', '../text.js'],
  ['src/report/page/some.ts', './visible.js'],
  ['src/cli/some.ts', '../report/index.js'],
  ['src/cli/some.ts', '../retract/index.js'],
  ['src/cli/some.ts', '../feed/serve/index.js'],
  ['src/cli/some.ts', '../run/index.js'],
  ['src/cli/some.ts', '../query/index.js'],
  ['src/cli/some.ts', '../curate/index.js'],
  ['src/cli/some.ts', '../run/observe/index.js'],
  ['src/cli/some.ts', '../demo/index.js'],
  ['src/library/some.ts', '../shard/index.js'],
  ['src/library/some.ts', '../run/index.js'],
]

/** The direction of dependencies: cli -> run -> workers -> backend, options -> stages -> net -> records; a room is entered by its door. */
describe('the linter', { timeout: 60_000 }, () => {
  /** Files in which it found an import that the rule forbids. */
  let accused: ReadonlySet<string>

  /** Every import stands in a file of its own, under this repository's rules. */
  beforeAll(() => {
    const folder = tempFolder()
    copyFileSync(join(root, 'biome.json'), join(folder, 'biome.json'))
    for (const [file, from] of [...refused, ...allowed]) {
      for (const form of [value, type]) {
        const path = join(folder, nameOf(file, from, form))
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, form(from))
      }
    }
    const { stdout } = spawnSync(
      join(root, 'node_modules/.bin/biome'),
      ['lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none', '.'],
      { cwd: folder, encoding: 'utf8' },
    )
    const report = JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] }
    accused = new Set(
      report.diagnostics
        .filter(({ category }) => category === 'lint/style/noRestrictedImports')
        .map(({ location }) => location.path),
    )
  }, 60_000)

  it.each(refused)('refuses that %s imports %s', (file, from) => {
    for (const form of [value, type]) expect(accused).toContain(nameOf(file, from, form))
  })

  it.each(allowed)('lets %s import %s', (file, from) => {
    for (const form of [value, type]) expect(accused).not.toContain(nameOf(file, from, form))
  })
})

interface Diagnostic {
  readonly category: string
  readonly location: { readonly path: string }
}

/** One name for each case, in the folder that the case is about. */
const nameOf = (file: string, from: string, form: (from: string) => string): string =>
  file.replace(/\.ts$/, `-${from.replace(/\W+/g, '-')}-${form.name}.ts`)
