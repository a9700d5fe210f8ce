import { type Command, Option } from 'commander'
import { runName } from './fleet-program.js'
import { addSharedOptions } from './run-option.js'
import type { SourceCall } from './source-command.js'

/** Adds what every command that reads sources takes beside its own options. */
export function addSourceOptions(command: Command): void {
  addSharedOptions(command, 'sources')
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
