import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { tempFolder } from '../fixtures/run/pairmill.js'

const root = resolve(import.meta.dirname, '../..')

/** Rooms with import rules of their own, and one of each depth. */
const rooms = ['src/records', 'src/crawl/robots', 'src/workers/hosts', 'src/report/page', 'src/cli']

const fileOf = (lines: number) => 'export type Anything = string\n'.repeat(lines)
/** `lines` are those between its braces. */
const functionOf = (lines: number) =>
  `export function anything(): void {\n${'  anything()\n'.repeat(lines)}}\n`

/** Texts of a file, by its name. */
const fits = { 'file-of-350': fileOf(350), 'function-of-80': functionOf(80) }
const tooLong = { 'file-of-351': fileOf(351), 'function-of-81': functionOf(81) }

describe('the linter', { timeout: 60_000 }, () => {
  /** Files that it found to be too long, or in which a function is. */
  let accused: ReadonlySet<string>

  beforeAll(() => {
    const folder = tempFolder()
    copyFileSync(join(root, 'biome.json'), join(folder, 'biome.json'))
    for (const room of rooms) {
      mkdirSync(join(folder, room), { recursive: true })
      for (const [name, text] of Object.entries({ ...fits, ...tooLong }))
        writeFileSync(join(folder, room, `${name}.ts`), text)
    }
    const rules = ['style/noExcessiveLinesPerFile', 'complexity/noExcessiveLinesPerFunction']
    const { stdout } = spawnSync(
      join(root, 'node_modules/.bin/biome'),
      ['lint', ...rules.map((rule) => `--only=${rule}`), '--reporter=json', '--max-diagnostics=none', '.'],
      { cwd: folder, encoding: 'utf8' },
    )
    const { diagnostics } = JSON.parse(stdout) as {
      diagnostics: readonly { readonly severity: string; readonly location: { readonly path: string } }[]
    }
    accused = new Set(
      diagnostics.filter(({ severity }) => severity === 'error').map(({ location }) => location.path),
    )
  }, 60_000)

  it.each(rooms)('refuses a file of more than 350 lines and a function of more than 80 in %s', (room) => {
    for (const name of Object.keys(tooLong)) expect(accused).toContain(`${room}/${name}.ts`)
    for (const name of Object.keys(fits)) expect(accused).not.toContain(`${room}/${name}.ts`)
  })
})
