import { type Command, Option } from 'commander'
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
    .argument('<DATASET...>', 'folders, s3://BUCKET/PREFIX or https:// URLs of datasets')
    .addOption(new Option('--gpus <N>', 'GPUs of the job').default(1).argParser(wholeNumber(1, 1_000_000)))
    .addOption(
      new Option('--workers <N>', 'workers of the loader, for each GPU')
        .default(4)
        .argParser(wholeNumber(0, 10_000)),
    )
    .option('--json', 'the lines and figures as JSON on standard output')
    .addHelpText('after', feedHelp)
    .action(async (datasets: string[], given: FeedFlags) => {
      answer(
        await feed({
          datasets,
          gpus: given.gpus,
          workers: given.workers,
          json: given.json === true,
        }),
      )
    })
}

interface FeedFlags {
  readonly gpus: number
  readonly workers: number
  readonly json?: boolean
}

const feedHelp = `
Examples:
  pairmill feed my-dataset
  pairmill feed my-dataset --gpus 8 --workers 4
  Two datasets as one:
    pairmill feed photos drawings
`
