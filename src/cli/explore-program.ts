import { type Command, Option } from 'commander'
import type { ExitCode } from './exit-codes.js'
import type { ExploreCall } from './explore.js'
import { backendOption } from './fleet-program.js'
import { wholeNumber } from './run-option.js'

/** `answer` takes the exit code. */
export function addExploreCommand(
  program: Command,
  explore: (call: ExploreCall) => Promise<ExitCode>,
  answer: (code: ExitCode) => void,
): void {
  program
    .command('explore')
    .summary('look through a dataset in a browser: search it, page through it, follow its run')
    .description(
      'Serves a page on this machine: search by text or picture, all pairs and all that was rejected, filtered by SQL, near duplicates, a ' +
        'selection for curate or retract, the report, and the run while it goes on. It changes nothing. Ctrl-C ends it.',
    )
    .argument(
      '<DATASET>',
      'folder of the dataset, or s3://BUCKET/PREFIX; with --backend, the name of a run of the fleet',
    )
    .addOption(
      new Option('--port <N>', 'port to listen on; 0 = any free one')
        .default(7878)
        .argParser(wholeNumber(0, 65_535)),
    )
    .addOption(
      new Option(
        '--host <ADDRESS>',
        'address to listen on; others than this machine reach any other',
      ).default('127.0.0.1'),
    )
    .option('--model <NAME|DIR>', 'the model that embedded the dataset, where it is not found by its name')
    .addOption(backendOption())
    .addHelpText('after', exploreHelp)
    .action(async (target: string, given: ExploreFlags) => {
      const { port, host, model = null, backend = null } = given
      answer(await explore({ target, port, host, model, backend }))
    })
}

interface ExploreFlags {
  readonly port: number
  readonly host: string
  readonly model?: string
  readonly backend?: string
}

const exploreHelp = `
Whoever reaches the port sees the dataset: there is no password. So it listens on this machine alone, and answers
no page but its own. Filters need DuckDB, an optional dependency.

Examples:
  pairmill explore my-dataset
  pairmill explore s3://pairs/birds --port 0
  A dataset that a model of your own has scored:
    pairmill explore my-dataset --model ./my-clip
  A run of a fleet while it goes on:
    pairmill explore birds --backend redis://queue:6379
  From another machine, through a tunnel (and http://localhost:7878/ there):
    ssh -L 7878:127.0.0.1:7878 crawler pairmill explore my-dataset
`
