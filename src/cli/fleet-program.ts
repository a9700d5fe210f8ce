import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { CrawlCall } from './crawl.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import type { ForgetCall } from './forget.js'
import type { OrderCall } from './order.js'
import { addRunOptions, wholeNumber } from './run-option.js'
import type { WorkCall } from './work.js'
import { workRoles } from './work-role.js'

/** Commands of a fleet. */
export interface FleetCommands {
  crawl(call: CrawlCall): Promise<ExitCode>
  work(call: WorkCall): Promise<ExitCode>
  order(call: OrderCall): Promise<ExitCode>
  forget(call: ForgetCall): Promise<ExitCode>
}

export const backendOption = () =>
  new Option(
    '--backend <URL>',
    'what the processes share: redis://HOST[:PORT][/DB][?prefix=NAME], or rediss:// (default: PAIRMILL_BACKEND)',
  )

/** `answer` takes the exit code. */
export function addFleetCommands(
  program: Command,
  commands: FleetCommands,
  answer: (code: ExitCode) => void,
): void {
  addCrawlCommand(program, commands, answer)
  addWorkCommand(program, commands, answer)
  addOrderCommands(program, commands, answer)
  addForgetCommand(program, commands, answer)
}

function addCrawlCommand(program: Command, commands: FleetCommands, answer: (code: ExitCode) => void): void {
  const crawl = program
    .command('crawl')
    .summary('start a run of a fleet, or add seeds to one')
    .description(
      'Starts a run that the processes of `pairmill work` carry out, and returns. To a run that exists it adds the ' +
        'seeds, and raises its limits; options that are left out stay as they are.',
    )
    .argument('[seed...]', 'URLs to start from; without a scheme https:// is meant')
    .addOption(
      new Option('--run <NAME>', 'name of the run: letters, digits, "-", "_" and "."')
        .makeOptionMandatory()
        .argParser(runName),
    )
    .addOption(backendOption())
  addRunOptions(crawl, 'crawl')
  crawl
    .addHelpText('after', crawlExamples)
    .showHelpAfterError('pairmill crawl --help lists the options.')
    .action(async (seeds: string[], given: Record<string, unknown>) => {
      const { config, run, backend, ...flags } = given
      answer(
        await commands.crawl({
          seeds,
          flags,
          configFile: textOrNull(config),
          run: String(run),
          backend: textOrNull(backend),
        }),
      )
    })
}

function addWorkCommand(program: Command, commands: FleetCommands, answer: (code: ExitCode) => void): void {
  program
    .command('work')
    .summary('work on the runs of a fleet')
    .description(
      'Works on every run of the fleet until it is stopped. Start as many such processes as you like, on any machines; ' +
        'stop or kill them at any time.',
    )
    .addArgument(new Argument('<ROLE>', 'what this process does').choices(workRoles))
    .addOption(backendOption())
    .addOption(
      new Option(
        '--concurrency <N>',
        'at once: hosts crawled (default 16), batches filtered (3), shard plans carried out (1)',
      ).argParser(wholeNumber(1, 1000)),
    )
    .addOption(
      new Option('--threads <N>', 'threads of the CLIP model (default: one a core)').argParser(
        wholeNumber(1, 256),
      ),
    )
    .addOption(
      new Option('--provider <NAME>', 'what the CLIP model is run on; never another than this')
        .choices(['cpu', 'cuda'])
        .default('cpu'),
    )
    .option('--scratch <DIR>', 'folder for files under construction (default: the system’s)')
    .addOption(
      new Option(
        '--metrics-port <N>',
        'serve /metrics, /healthz and /readyz on this port; 0 = any free one (default: none)',
      ).argParser(wholeNumber(0, 65_535)),
    )
    .option('--metrics-host <ADDRESS>', 'address to serve them on (default: 127.0.0.1)')
    .addOption(
      new Option('--log-level <LEVEL>', 'what is written to standard error, as JSON lines')
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    )
    .option('--until-done', 'end when every run has ended')
    .addHelpText('after', workExamples)
    .showHelpAfterError('pairmill work --help lists the options.')
    .action(async (role: WorkCall['role'], given: WorkFlags) => {
      answer(
        await commands.work({
          role,
          backend: given.backend ?? null,
          concurrency: given.concurrency ?? null,
          threads: given.threads ?? null,
          provider: given.provider,
          scratch: given.scratch ?? null,
          untilDone: given.untilDone === true,
          metricsPort: given.metricsPort ?? null,
          metricsHost: given.metricsHost ?? null,
          logLevel: given.logLevel,
        }),
      )
    })
}

function addOrderCommands(program: Command, commands: FleetCommands, answer: (code: ExitCode) => void): void {
  for (const [order, summary, description] of orders) {
    program
      .command(order)
      .summary(summary)
      .description(description)
      .argument('<NAME>', 'name of the run')
      .addOption(backendOption())
      .action(async (run: string, { backend }: { backend?: string }) => {
        answer(await commands.order({ order, run, backend: backend ?? null }))
      })
  }
}

function addForgetCommand(program: Command, commands: FleetCommands, answer: (code: ExitCode) => void): void {
  program
    .command('forget')
    .summary('free what the server holds of a run that has ended')
    .description(
      'Takes everything that the fleet knows of an ended run out of its server: pages seen and left, images kept, counters. ' +
        'The dataset is not touched. The run cannot be resumed then, and its name is free.',
    )
    .argument('<NAME>', 'name of the run')
    .addOption(backendOption())
    .addHelpText('after', forgetHelp)
    .action(async (run: string, { backend }: { backend?: string }) => {
      answer(await commands.forget({ run, backend: backend ?? null }))
    })
}

const orders = [
  [
    'pause',
    'start nothing new in a run of a fleet',
    'Starts no page and no image of the run until it is resumed. What is under way is finished and committed.',
  ],
  [
    'resume',
    'let a run of a fleet go on',
    'Lets a run go on that was paused or stopped, that failed, or that reached a limit which is higher now.',
  ],
  [
    'stop',
    'end a run of a fleet with what it has',
    'Starts no page and no image of the run any more, and writes what was kept to shards. It can be resumed.',
  ],
] as const

interface WorkFlags {
  readonly backend?: string
  readonly concurrency?: number
  readonly threads?: number
  readonly provider: WorkCall['provider']
  readonly scratch?: string
  readonly untilDone?: boolean
  readonly metricsPort?: number
  readonly metricsHost?: string
  readonly logLevel: WorkCall['logLevel']
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)

export function runName(value: string): string {
  if (/^[\w.-]{1,64}$/.test(value)) return value
  throw new InvalidArgumentError('Expected 1 to 64 letters, digits, "-", "_" or ".".')
}

const crawlExamples = `
Examples:
  export PAIRMILL_BACKEND=redis://10.0.0.5:6379
  pairmill crawl https://example.org/ --contact you@example.org --run birds --out s3://pairs/birds --max-pages 100000
  pairmill crawl --seeds more.txt --run birds
  pairmill status birds --watch
`

const forgetHelp = `
Example:
  pairmill stop birds
  pairmill status birds --watch      until it says stopped
  pairmill forget birds

Refused, with exit code ${exitCodes.failed}, while the run goes on or a worker still holds a part of it. Where it was interrupted, the
same command goes on. A new run of that name is another one: it knows nothing of what was kept, and needs a place of its own for
its dataset, since --out still belongs to the run that was forgotten.
What is known of hosts beside the run (robots.txt, delays) is kept as long as it is good.
A run in a folder (pairmill run) is forgotten with its folder: no command is needed.
`

const workExamples = `
Examples:
  One machine, everything:
    pairmill work all --backend redis://10.0.0.5:6379
  A machine that crawls, one with a model and many cores:
    pairmill work crawl --concurrency 64
    pairmill work filter --concurrency 4

SIGTERM or Ctrl-C finishes what is under way and commits it; a second one stops at once. What a killed process held
is taken up by another one within its lease, a minute and a half at most.
`
