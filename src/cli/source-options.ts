import { type Command, Option } from 'commander'
import { runName } from './fleet-program.js'
import { type FlagKey, flagKeys, flagOf } from './run-flags.js'
import { optionOf } from './run-option.js'
import type { SourceCall } from './source-command.js'

/** Options of `run` that are about pages: none is fetched for a source. */
const ofPages: ReadonlySet<FlagKey> = new Set([
  'seeds',
  'maxPages',
  'maxPagesPerHost',
  'scope',
  'maxDepth',
  'include',
  'exclude',
  'sitemaps',
])

/** Adds what every command that reads sources takes beside its own options. */
export function addSourceOptions(command: Command): void {
  for (const key of flagKeys) {
    if (!ofPages.has(key) && key !== 'backend') command.addOption(optionOf(flagOf(key)))
  }
  const fleet = 'With the workers of a fleet:'
  command
    .addOption(
      new Option(
        '--backend <URL>',
        'the fleet, redis://HOST[:PORT][/DB] (default: PAIRMILL_BACKEND); without --run, pglite:DIR, as of `run`',
      ).helpGroup(fleet),
    )
    .addOption(
      new Option('--run <NAME>', 'a run of the fleet: it is started, or what is read is added to it')
        .argParser(runName)
        .helpGroup(fleet),
    )
    .addOption(
      new Option('--config <FILE>', 'options as JSON, in camelCase; flags win over it').helpGroup(
        flagOf('out').group,
      ),
    )
}

/** Given options that are not the command's own. */
export function sourceCallOf(given: Record<string, unknown>): SourceCall {
  const { run, config, ...flags } = given
  return {
    run: typeof run === 'string' ? run : null,
    flags,
    configFile: typeof config === 'string' ? config : null,
  }
}
