import { type Command, Option } from 'commander'
import type { ExitCode } from './exit-codes.js'
import type { RetractCall } from './retract.js'

/** `answer` takes the exit code. */
export function addRetractCommand(
  program: Command,
  retract: (call: RetractCall) => Promise<ExitCode>,
  answer: (code: ExitCode) => void,
): void {
  const command = program
    .command('retract')
    .summary('take hosts, pages or images back from a dataset, for good')
    .description(
      'Takes pairs, rejected rows, pages and seeds out of every file of a dataset, and out of what its run keeps of itself. Keys and names of ' +
        'shards stay; only shards that hold something of it are written anew. Later runs into the dataset do not bring it back. The run must have ' +
        'ended, or have been stopped between two batches. Killed, the same command goes on.',
    )
    .argument('<DATASET>', 'folder of the dataset, or s3://BUCKET/PREFIX')
  for (const [flag, what] of values) {
    command.addOption(
      new Option(flag, what).argParser((value: string, before: string[] | undefined) => [
        ...(before ?? []),
        value,
      ]),
    )
  }
  command
    .requiredOption('--reason <TEXT>', 'why, for the record of the change; it must not name what goes')
    .option('--dry-run', 'only say what would go')
    .option(
      '--backend <URL>',
      'state of its run, where that does not lie in the dataset: pglite:DIR as the run had it, or redis://HOST[:PORT][/DB][?prefix=NAME]',
    )
    .option('--json', 'the report as JSON on standard output')
    .addHelpText('after', retractExamples)
    .showHelpAfterError('pairmill retract --help lists the options.')
    .action(async (place: string, given: RetractFlags) => {
      const { host = [], page = [], url = [], sha256 = [], phash = [], uid = [], file = [] } = given
      answer(
        await retract({
          place,
          values: { host, page, url, sha256, phash, uid },
          files: file,
          reason: given.reason,
          isDryRun: given.dryRun === true,
          backend: given.backend ?? null,
          json: given.json === true,
        }),
      )
    })
}

const values = [
  ['--host <HOST>', 'a host, on every port, as page or image; *.HOST = all below it, and not itself'],
  ['--page <URL>', 'a page, with all that it gave'],
  ['--url <URL>', 'an image by its URL, or a page'],
  ['--sha256 <HEX>', 'an image by the SHA-256 of its fetched bytes'],
  ['--phash <HEX>', 'images with this perceptual hash'],
  ['--uid <HEX>', 'a pair by its uid'],
  [
    '--file <LIST>',
    'a file with one of these a line, as KIND:VALUE or by its shape; # begins a comment line',
  ],
] as const

interface RetractFlags {
  readonly host?: readonly string[]
  readonly page?: readonly string[]
  readonly url?: readonly string[]
  readonly sha256?: readonly string[]
  readonly phash?: readonly string[]
  readonly uid?: readonly string[]
  readonly file?: readonly string[]
  readonly reason: string
  readonly dryRun?: boolean
  readonly backend?: string
  readonly json?: boolean
}

const retractExamples = `
Each of --host to --file may be given several times.

Examples:
  What would go:
    pairmill retract my-dataset --host example.com --host '*.example.com' --reason 'the owner asked' --dry-run
  One image, wherever it stands:
    pairmill retract my-dataset --sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --reason 'report 17'
  All that a list names:
    pairmill retract s3://bucket/pairs --backend pglite:state --file takedowns.txt --reason 'takedowns of May'
`
