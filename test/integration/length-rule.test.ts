import { beforeAll, describe, expect, it } from 'vitest'
import { accusedFiles } from '../fixtures/linter.js'

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
    const texts = Object.entries({ ...fits, ...tooLong })
    accused = accusedFiles(
      ['style/noExcessiveLinesPerFile', 'complexity/noExcessiveLinesPerFunction'],
      new Map(rooms.flatMap((room) => texts.map(([name, text]) => [`${room}/${name}.ts`, text] as const))),
    )
  }, 60_000)

  it.each(rooms)('refuses a file of more than 350 lines and a function of more than 80 in %s', (room) => {
    for (const name of Object.keys(tooLong)) expect(accused).toContain(`${room}/${name}.ts`)
    for (const name of Object.keys(fits)) expect(accused).not.toContain(`${room}/${name}.ts`)
  })
})
