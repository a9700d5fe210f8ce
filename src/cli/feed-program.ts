import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ProgressStyle } from '../options/index.js'
import { parseDuration } from '../timing/index.js'
import type { ExitCode } from './exit-codes.js'
import type { FeedCall } from './feed.js'
import type { ServeCall } from './feed-serve.js'
import { progressOption, wholeNumber } from './run-option.js'

export interface FeedCommands {
  feed(call: FeedCall): Promise<ExitCode>
  feedServe(call: ServeCall): Promise<ExitCode>
  feedPython(): Promise<ExitCode>
}

/** `answer` takes the exit code. */
export function addFeedCommand(
  program: Command,
  commands: FeedCommands,
  answer: (code: ExitCode) => void,
): void {
  program
    .command('feed')
    .summary('print what to paste into a training job')
    .description(
      'Prints, for open_clip, webdataset, PyTorch, Hugging Face datasets and Megatron-Energon, the lines that train on these datasets ' +
        'as they are now, with so many GPUs and workers, and says how well their order mixes hosts. It changes nothing in them.',
    )
    .argument(
      '[DATASET...]',
      'folders, s3://BUCKET/PREFIX or https:// URLs of datasets; with weights a:0.7,b:0.3',
    )
    .addOption(new Option('--gpus <N>', 'GPUs of the job').default(1).argParser(wholeNumber(1, 1_000_000)))
    .addOption(
      new Option('--workers <N>', 'workers of the loader, for each GPU')
        .default(4)
        .argParser(wholeNumber(0, 10_000)),
    )
    .addOption(
      new Option(
        '--presign <TIME>',
        'S3: URLs of the tars that need no credentials, for so long: 12h, at most 7d',
      ).argParser(presignTime),
    )
    .option('--json', 'the lines and figures as JSON on standard output')
    .addOption(progressOption())
    .addOption(
      new Option(
        '--serve',
        'serve the datasets as tars to loaders on this machine, in one order that all of them share',
      ).helpGroup('Serve:'),
    )
    .addOption(
      new Option('--port <N>', 'port of 127.0.0.1 to serve at; 0 = any free one')
        .default(8000)
        .argParser(wholeNumber(0, 65_535))
        .helpGroup('Serve:'),
    )
    .addOption(
      new Option(
        '--state <DIR>',
        "folder for how far readers came (default: .pairmill/feed of the first dataset's folder, else .pairmill-feed)",
      ).helpGroup('Serve:'),
    )
    .addOption(
      new Option('--python', 'print pairmill_feed.py, which reads what is served into PyTorch').helpGroup(
        'Serve:',
      ),
    )
    .addHelpText('after', feedHelp)
    .action(async (datasets: string[], given: FeedFlags, command: Command) => {
      if (given.python === true) return answer(await commands.feedPython())
      if (datasets.length === 0) command.error("error: missing required argument 'DATASET'")
      if (given.serve === true) {
        const { port, state = null } = given
        return answer(await commands.feedServe({ datasets, port, stateDir: state }))
      }
      answer(
        await commands.feed({
          datasets,
          gpus: given.gpus,
          workers: given.workers,
          presignMs: given.presign ?? null,
          json: given.json === true,
          progress: given.progress ?? null,
        }),
      )
    })
}

interface FeedFlags {
  readonly gpus: number
  readonly workers: number
  readonly presign?: number
  readonly json?: boolean
  readonly progress?: ProgressStyle
  readonly serve?: boolean
  readonly port: number
  readonly state?: string
  readonly python?: boolean
}

/** Amazon's own limit. */
const longestMs = 7 * 86_400_000

function presignTime(text: string): number {
  const ms = parseDuration(text)
  if (ms !== null && ms >= 1000 && ms <= longestMs) return ms
  throw new InvalidArgumentError('Expected a time from 1s to 7d, such as 12h.')
}

const feedHelp = `
Examples:
  pairmill feed my-dataset
  pairmill feed my-dataset --gpus 8 --workers 4
  Two datasets, seven of ten samples from the first:
    pairmill feed photos:0.7,drawings:0.3 --gpus 8
  From S3, by URLs that open for twelve hours:
    pairmill feed s3://pairs/birds --presign 12h
  To loaders that need a condition, a mixture or a place to go on from:
    pairmill feed photos:0.7,drawings:0.3 --serve --port 8000
`
