import { describe, expect, it } from 'vitest'
import { parseConceptsFile } from '../../../src/cli/concepts-file.js'
import { type Commands, runProgram } from '../../../src/cli/program.js'
import { parseConfigFile } from '../../../src/options/index.js'
import { paper } from '../../fixtures/cli/output.js'
import { blocksOf, callOf } from '../../fixtures/docs/blocks.js'
import { all, isCalls, notRun, pythons, reasonOf } from '../../fixtures/docs/fates.js'

/** Pages whose JSON is checked below. */
const checked = new Set(['docs/models.md', 'docs/options.md'])

/** What the command line says of a call; '' = it takes it. */
async function complaintOf(words: readonly string[]): Promise<string> {
  const said = paper()
  const commands = new Proxy({} as Commands, { get: () => async () => 0 })
  const code = await runProgram(words, { commands, version: '0', stdout: paper(), stderr: said })
  return code === 0 ? '' : said.text()
}

describe('the blocks of the pages', () => {
  it('are all known: run, checked, or left alone for a reason', () => {
    const unknown = all.filter(
      (block) =>
        reasonOf(block) === null &&
        !isCalls(block) &&
        !pythons.includes(block) &&
        !(block.language === 'json' && checked.has(block.page)),
    )
    expect(unknown.map(({ page, lines }) => `${page}: ${lines[0]}`)).toEqual([])
    const idle = notRun.filter(
      ([page, begins]) =>
        !all.some(
          (block) =>
            reasonOf(block) !== null &&
            (page.endsWith('/') ? block.page.startsWith(page) : block.page === page) &&
            block.lines[0]?.startsWith(begins),
        ),
    )
    expect(idle).toEqual([])
  })

  it('hold no call that the command line does not take', async () => {
    const lines = all.flatMap(({ lines, page }) => lines.map((line) => [page, line] as const))
    const found = lines.flatMap(([page, line]) => {
      const words = callOf(line)
      return words === null ? [] : [{ page, words }]
    })
    expect(found.length).toBeGreaterThan(40)
    for (const { page, words } of found)
      expect(await complaintOf(words), `${page}: ${words.join(' ')}`).toBe('')
  })

  it('of the page of options are a config file, and the first of the page of models are concepts', async () => {
    const [config] = blocksOf('docs/options.md').filter(({ language }) => language === 'json')
    expect(parseConfigFile(config?.lines.join('\n') ?? '', 'crawl.json').kind).toBe('config')
    const [concepts] = blocksOf('docs/models.md').filter(({ language }) => language === 'json')
    expect(await parseConceptsFile(concepts?.lines.join('\n') ?? '', 'concepts.json')).toMatchObject({
      kind: 'concepts',
    })
  })
})
