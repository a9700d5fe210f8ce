import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Commands, runProgram } from '../../../src/cli/program.js'
import { defaultText, flagOf, type OptionKey, optionKeys, optionOf } from '../../../src/options/index.js'
import { paper } from '../../fixtures/cli/output.js'
import { pageText, root, table, withMade } from '../../fixtures/docs/pages.js'

const page = 'docs/options.md'

const later = { freely: 'any', raise: 'more', add: 'added' } as const
const takers = { run: 'run', crawl: 'crawl', sources: 'images, warc' } as const

function rowOf(key: OptionKey): string[] {
  const { value, help, repeatable, takenBy, change } = optionOf(key)
  return [
    `\`${flagOf(key)} ${value}\``,
    `${help}${repeatable ? '; may be repeated' : ''}`,
    defaultText(optionOf(key)) ?? '',
    change === undefined ? 'same' : later[change],
    takenBy?.map((taker) => takers[taker]).join(', ') ?? '',
  ]
}

function optionsOfRuns(): string {
  const headings = [...new Set(optionKeys.map((key) => optionOf(key).heading))]
  return headings
    .map((heading) => {
      const rows = optionKeys.filter((key) => optionOf(key).heading === heading).map(rowOf)
      return `**${heading.replace(/ \(.*|:$/, '')}**\n\n${table(['option', 'what it does', 'default', 'later', 'taken by'], rows)}`
    })
    .join('\n\n')
}

/** Long flags of a command, by its help. */
async function flagsOf(command: string): Promise<string[]> {
  const said = paper()
  await runProgram([command, '--help'], {
    commands: {} as Commands,
    version: '0',
    stdout: said,
    stderr: said,
  })
  const flags = [...said.text().matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag = '']) => flag)
  return flags.filter((flag) => flag !== '--help')
}

/** Flags that the page names for a single command. */
function ownFlags(command: string): string[] {
  const text = pageText(page)
  const from = text.indexOf(`**${command}**`)
  const paragraph = text.slice(from, text.indexOf('\n\n', text.indexOf('\n\n', from) + 2))
  return [...new Set([...paragraph.matchAll(/`(--[a-z-]+)/g)].map(([, flag = '']) => flag))]
}

describe('the page of options', () => {
  it('has every option of a run as the table has it', async () => {
    await expect(withMade(page, 'src/options/table.ts', optionsOfRuns())).toMatchFileSnapshot(
      join(root, page),
    )
  })

  it.each(['status', 'verify', 'permissions', 'work', 'demo', 'classify', 'feed', 'explore'])(
    'has every flag of %s',
    async (command) => {
      expect(ownFlags(command).toSorted()).toEqual((await flagsOf(command)).toSorted())
    },
  )

  it.each(['images', 'warc', 'crawl', 'inspect'])(
    'has every flag of %s beside those of a run',
    async (command) => {
      const shared = [...optionKeys.filter((key) => key !== 'backend').map(flagOf), '--config']
      const own = (await flagsOf(command)).filter((flag) => !shared.includes(flag))
      expect(ownFlags(command).toSorted()).toEqual(own.toSorted())
    },
  )
})
