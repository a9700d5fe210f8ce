import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../timing/index.js'
import type { ExitCode } from './exit-codes.js'
import type { FeedCall } from './feed.js'
import { wholeNumber } from './run-option.js'

/** `answer` takes the exit code. */
export function addFeedCommand(
  program: Command,
  feed: (call: FeedCall) => Promise<ExitCode>,
  answer: (code: ExitCode) => void,
): void {
  program
    .command('feed')
    .summary('print what to paste into a training job')
    .description(
      'Prints, for open_clip, webdataset, PyTorch, Hugging Face datasets and Megatron-Energon, the lines that train on these datasets ' +
        'as they are now, with so many GPUs and workers; it changes nothing in them.',
    )
    .argument(
      '<DATASET...>',
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
    .addHelpText('after', feedHelp)
    .action(async (datasets: string[], given: FeedFlags) => {
      answer(
        await feed({
          datasets,
          gpus: given.gpus,
          workers: given.workers,
          presignMs: given.presign ?? null,
          json: given.json === true,
        }),
      )
    })
}

interface FeedFlags {
  readonly gpus: number
  readonly workers: number
  readonly presign?: number
  readonly json?: boolean
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
`
