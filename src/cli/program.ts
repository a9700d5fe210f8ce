import { Command, CommanderError, Option } from 'commander'
import { defaultOf, type ProgressStyle } from '../options/index.js'
import { withoutSecrets } from '../records/index.js'
import type { ClassifyCall } from './classify.js'
import type { CurateCall } from './curate.js'
import { addCurateCommand } from './curate-program.js'
import { addDatasetCommands, type DatasetCommands } from './dataset-program.js'
import type { DemoCall } from './demo.js'
import { type ExitCode, exitCodeHelp, exitCodes } from './exit-codes.js'
import type { ExploreCall } from './explore.js'
import { addExploreCommand } from './explore-program.js'
import { addFeedCommand, type FeedCommands } from './feed-program.js'
import { addFleetCommands, backendOption, type FleetCommands } from './fleet-program.js'
import { addImagesCommand, type ImagesCommands } from './images-program.js'
import type { InspectCall } from './inspect.js'
import { addInspectCommand } from './inspect-program.js'
import type { Output } from './output.js'
import type { PermissionsCall } from './permissions.js'
import { addPermissionsCommand } from './permissions-program.js'
import type { RetractCall } from './retract.js'
import { addRetractCommand } from './retract-program.js'
import type { RunCall } from './run-input.js'
import { addRunOptions, progressOption, wholeNumber } from './run-option.js'
import type { StatusCall } from './status.js'
import type { VerifyCall } from './verify.js'
import { addWarcCommand, type WarcCommands } from './warc-program.js'

/** Commands, each loaded only when it is called, so that --help is quick. */
export interface Commands extends DatasetCommands, FeedCommands, FleetCommands, ImagesCommands, WarcCommands {
  run(call: RunCall): Promise<ExitCode>
  verify(call: VerifyCall): Promise<ExitCode>
  status(call: StatusCall): Promise<ExitCode>
  permissions(call: PermissionsCall): Promise<ExitCode>
  retract(call: RetractCall): Promise<ExitCode>
  explore(call: ExploreCall): Promise<ExitCode>
  inspect(call: InspectCall): Promise<ExitCode>
  demo(call: DemoCall): Promise<ExitCode>
  curate(call: CurateCall): Promise<ExitCode>
  classify(call: ClassifyCall): Promise<ExitCode>
}

interface ProgramDeps {
  readonly commands: Commands
  readonly version: string
  readonly stdout: Output
  readonly stderr: Output
}

/** Reads the words of the command line and calls the command they name. `words`: without node and script. */
export async function runProgram(words: readonly string[], deps: ProgramDeps): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok
  const program = createProgram(deps, (answered) => {
    code = answered
  })
  try {
    await program.parseAsync([...words], { from: 'user' })
    return code
  } catch (error) {
    // Help that was asked for ends with 0; every other word of commander's is about a wrong call.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    throw error
  }
}

function createProgram(deps: ProgramDeps, answer: (code: ExitCode) => void): Command {
  const { commands } = deps
  const program = new Command('pairmill')
    .description('Turns seed URLs into CLIP-filtered image/text pairs in WebDataset shards.')
    .version(deps.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureOutput({
      writeOut: deps.stdout.write,
      writeErr: deps.stderr.write,
      getOutHelpWidth: () => helpColumns(deps.stdout),
      getErrHelpWidth: () => helpColumns(deps.stderr),
      outputError: (text, write) => write(withoutSecrets(text).replace(/^error: /, 'pairmill: ')),
    })
    .exitOverride()
    .showHelpAfterError(helpHint('pairmill'))
    .addHelpText('after', programExamples)

  addRunCommand(program, commands, answer)
  addDemoCommand(program, commands, answer)
  addVerifyCommand(program, commands, answer)
  addStatusCommand(program, commands, answer)
  addCurateCommand(program, commands.curate, answer)
  addFeedCommand(program, commands, answer)
  addImagesCommand(program, commands, answer)
  addWarcCommand(program, commands, answer)
  addInspectCommand(program, commands.inspect, answer)
  addPermissionsCommand(program, commands.permissions, answer)
  addDatasetCommands(program, commands, answer)
  addExploreCommand(program, commands.explore, answer)
  addRetractCommand(program, commands.retract, answer)
  addFleetCommands(program, commands, answer)
  addClassifyCommand(program, commands, answer)
  for (const command of program.commands) command.showHelpAfterError(helpHint(`pairmill ${command.name()}`))
  return program
}

const helpHint = (command: string): string => `${command} --help shows what can be done.`

function addRunCommand(program: Command, commands: Commands, answer: (code: ExitCode) => void): void {
  const run = program
    .command('run')
    .summary('crawl from seed URLs and write a dataset, or go on with one')
    .description(
      'Crawls from the seeds, harvests images with their texts, filters and scores them, and writes WebDataset ' +
        'shards to a folder. Stop it at any time: the same command goes on where it was.',
    )
    .argument(
      '[seed...]',
      'URLs to start from; without a scheme https:// is meant (localhost and addresses: http://)',
    )
    .showHelpAfterError('pairmill run --help lists the options.')
  addRunOptions(run, 'run')
  run.addHelpText('after', runExamples).action(async (seeds: string[], given: Record<string, unknown>) => {
    const { config, ...flags } = given
    answer(await commands.run({ seeds, flags, configFile: typeof config === 'string' ? config : null }))
  })
}

function addDemoCommand(program: Command, commands: Commands, answer: (code: ExitCode) => void): void {
  program
    .command('demo')
    .summary('see it work: a run on a small web of its own')
    .description(
      'Serves a small web of several hosts on this machine, made of emoji sets and full of what makes a real web hard, ' +
        'runs pairmill on it, verifies the dataset, and says how many right pairs were kept and how many wrong ones ' +
        'got through. Needs no network: the small model in models/demo-drawings scores the pairs.',
    )
    .option('--out <DIR>', 'folder for the dataset', 'pairmill-demo')
    .addOption(
      new Option('--port <N>', 'port of the demo web; 0 = any free one')
        .default(0)
        .argParser(wholeNumber(0, 65_535)),
    )
    .option('--model <DIR>', 'another model folder to score with; none = no scores')
    .option('--serve', 'only serve the web, to crawl it by hand')
    .addOption(progressOption())
    .action(async ({ out, port, model, serve, progress }: DemoFlags) => {
      const call = { out, port, model: model ?? null, progress: progress ?? null }
      answer(await commands.demo({ ...call, serveOnly: serve === true }))
    })
}

function addVerifyCommand(program: Command, commands: Commands, answer: (code: ExitCode) => void): void {
  program
    .command('verify')
    .summary('read a whole dataset again and list what is wrong with it')
    .description(
      'Reads every committed shard again: sample keys, images, checksums, counts. Lists what is wrong and ' +
        'ends with 1 where anything is. Safe while a run goes on.',
    )
    .argument('<DIR>', 'folder of the dataset')
    .option('--json', 'the result as JSON on standard output')
    .addOption(progressOption())
    .action(async (dir: string, { json, progress }: VerifyFlags) => {
      answer(await commands.verify({ dir, json: json === true, progress: progress ?? null }))
    })
}

function addStatusCommand(program: Command, commands: Commands, answer: (code: ExitCode) => void): void {
  program
    .command('status')
    .summary('show how far a run is, also while it goes on')
    .description(
      'Shows how far a run is, what waits, and the busiest hosts. Safe while a run goes on. Of a fleet it shows the run of that ' +
        'name, or all runs, and the workers.',
    )
    .argument('[DIR|NAME]', 'folder of a run; with --backend, the name of a run of the fleet')
    .addOption(backendOption())
    .option('--watch', 'show it again every two seconds, until interrupted')
    .option('--json', 'the state as JSON on standard output')
    .action(async (target: string | undefined, given: StatusFlags) => {
      answer(
        await commands.status({
          target: target ?? null,
          backend: given.backend ?? null,
          watch: given.watch === true,
          json: given.json === true,
        }),
      )
    })
}

function addClassifyCommand(program: Command, commands: Commands, answer: (code: ExitCode) => void): void {
  program
    .command('classify')
    .summary('say which of your classes each image shows')
    .description(
      'Zero-shot classification: compares each image with your class names by a model that was never trained on them. ' +
        'Each name is put into every template, and the mean of those texts stands for the class.',
    )
    .argument('<IMAGE...>', 'image files')
    .requiredOption('--classes <FILE>', 'class names, one a line; # begins a comment line')
    .option(
      '--templates <FILE>',
      "texts with {} for the class name, one a line (default: the model's own, else some for photographs)",
    )
    .addOption(
      new Option(
        '--model <NAME|DIR>',
        'a name, fetched on first use, or a folder with its ONNX files',
      ).default(defaultOf('model')),
    )
    .addOption(
      new Option('--top <N>', 'classes shown for each image').default(5).argParser(wholeNumber(1, 1_000_000)),
    )
    .option('--json', 'the result as JSON on standard output')
    .addHelpText('after', classifyHelp)
    .action(async (images: string[], given: ClassifyFlags) => {
      answer(
        await commands.classify({
          model: given.model,
          classesFile: given.classes,
          templatesFile: given.templates ?? null,
          top: given.top,
          json: given.json === true,
          images,
        }),
      )
    })
}

interface DemoFlags {
  readonly out: string
  readonly port: number
  readonly model?: string
  readonly serve?: boolean
  readonly progress?: ProgressStyle
}

interface VerifyFlags {
  readonly json?: boolean
  readonly progress?: ProgressStyle
}

interface StatusFlags {
  readonly backend?: string
  readonly watch?: boolean
  readonly json?: boolean
}

interface ClassifyFlags {
  readonly model: string
  readonly classes: string
  readonly templates?: string
  readonly top: number
  readonly json?: boolean
}

const helpColumns = (output: Output): number => (output.isTerminal ? Math.max(60, output.columns()) : 100)

const programExamples = `
Start here:
  pairmill demo
  pairmill run https://example.org/ --contact you@example.org --out my-dataset --max-pages 200
  pairmill status my-dataset
  pairmill verify my-dataset
  pairmill stats my-dataset

pairmill run --help lists every option with its default.
`

const classifyHelp = `
Example:
  printf 'dog\\nbicycle\\nbeach\\n' > classes.txt
  pairmill classify --classes classes.txt --top 2 holiday/*.jpg

An image that cannot be read is named, and the others are classified; the exit code is then ${exitCodes.failed}.
`

const runExamples = `
Examples:
  A small try:
    pairmill run https://example.org/gallery/ --contact you@example.org --out try --max-pages 50
  Many sites, English captions only, at most two hours:
    pairmill run --seeds sites.txt --contact you@example.org --out pairs --scope domain --lang en --max-time 2h
  Options in a file, one of them overruled:
    pairmill run --config crawl.json --max-pairs 100000
  A model of your own, with no network but the crawl:
    pairmill run https://example.org/ --contact you@example.org --out pairs --model ./my-clip
  A site on this machine:
    pairmill run localhost:8100 --out local --allow-private 127.0.0.0/8 --delay-ms 0

Standard output gets the summary at the end, standard error the progress: bars on a terminal, otherwise a
JSON line every five seconds, or what --progress says (docs/progress.md). Ctrl-C finishes what is under
way and commits it; a second one stops at once.

Environment: HF_ENDPOINT and HF_TOKEN (model hub), HF_HOME or XDG_CACHE_HOME (where models are kept),
NO_COLOR.

Exit codes:
${exitCodeHelp.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join('\n')}
`
