import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type CaptionChoice,
  captionChoices,
  defaultBy,
  type Grouping,
  groupings,
  type Side,
  type Top,
} from '../curate/index.js'
import type { ProgressStyle } from '../options/index.js'
import type { CurateCall } from './curate.js'
import type { ExitCode } from './exit-codes.js'
import { progressOption, wholeNumber } from './run-option.js'

/** `answer` takes the exit code. */
export function addCurateCommand(
  program: Command,
  curate: (call: CurateCall) => Promise<ExitCode>,
  answer: (code: ExitCode) => void,
): void {
  const command = program
    .command('curate')
    .summary('make a new dataset of the pairs of others that are wanted')
    .description(
      'Writes a new dataset of pairs that other datasets hold: some of them, several datasets as one, in another order, in other shards, ' +
        'or in parts for training and validation. Nothing is fetched; images and uids stay as they are, keys are new. ' +
        'The same command gives the same bytes, and goes on where it was stopped.',
    )
    .argument('<SRC...>', 'folders of datasets, or s3://BUCKET/PREFIX')
    .requiredOption('--out <DIR>', 'folder for the new dataset, or s3://BUCKET/PREFIX')
  for (const option of keepingOptions()) command.addOption(option.helpGroup('What is kept:'))
  for (const option of writingOptions()) command.addOption(option.helpGroup('How it is written:'))
  command
    .option('--json', 'the result as JSON on standard output')
    .addOption(progressOption())
    .addHelpText('after', curateHelp)
    .action(async (places: string[], given: CurateFlags) => {
      answer(
        await curate({
          sources: places,
          out: given.out,
          uidsFile: given.uids ?? null,
          rejectFiles: given.reject ?? [],
          model: given.model ?? null,
          request: {
            where: given.where ?? null,
            top: given.top ?? null,
            per: given.per ?? null,
            by: given.by,
            maxPerHost: given.maxPerHost ?? null,
            dedupeCosine: given.dedupeCosine ?? null,
            caption: given.caption ?? null,
            shuffle: given.shuffle ?? null,
            shardSize: given.shardSize ?? null,
            shards: given.shards ?? null,
            split: given.split ?? null,
            groupBy: given.groupBy ?? null,
            keepLedger: given.keepLedger === true,
          },
          json: given.json === true,
          progress: given.progress ?? null,
        }),
      )
    })
}

/** Options that say which pairs are kept. */
const keepingOptions = (): readonly Option[] => [
  new Option('--where <SQL>', 'only pairs for which this holds; columns as in docs/output.md'),
  new Option('--uids <FILE>', 'only pairs with these uids, one a line'),
  new Option(
    '--reject <FILE>',
    'nothing of what is on this list, one a line: sha256, phash, uid, host, URL; may be repeated',
  ).argParser((name: string, before: string[] | undefined) => [...(before ?? []), name]),
  new Option('--top <N|P%>', 'only so many, or such a share, of the best').argParser(topOf),
  new Option('--per <COLUMN>', 'take the best of each, in place of all').choices(['language']),
  new Option('--by <COLUMN>', 'column of numbers that a better pair has more of').default(defaultBy),
  new Option('--max-per-host <N>', 'only so many of the best of each page host').argParser(count),
  new Option(
    '--dedupe-cosine <C>',
    'of images whose embeddings are as near as this, only the better pair',
  ).argParser(cosineOf),
]

/** Options that say how the kept pairs are written. */
const writingOptions = (): readonly Option[] => [
  new Option(
    '--caption <best|SOURCE,...>',
    'caption: the first of these that a pair has, in place of its own',
  ).argParser(captionsOf),
  new Option('--model <NAME|DIR>', 'the model of the scores, to embed captions that --caption chose'),
  new Option('--shuffle <SEED>', 'shuffle all pairs, by this text'),
  new Option(
    '--shard-size <N>',
    'pairs in a shard, at most (default: 10000, and less in a small dataset)',
  ).argParser(count),
  new Option('--shards <N>', 'cut into so many shards, equal to one pair').argParser(count),
  new Option('--split <NAME=SHARE,...>', 'several datasets, each in a folder of its name').argParser(splitOf),
  new Option(
    '--group-by <COLUMN>',
    'what no two datasets of a split share: near pictures, or hosts of pages',
  ).choices(groupings),
  new Option('--keep-ledger', 'keep the rows of what was rejected, and of what is not kept now'),
]

const count = wholeNumber(1, 1_000_000_000)

interface CurateFlags {
  readonly out: string
  readonly where?: string
  readonly uids?: string
  readonly reject?: readonly string[]
  readonly top?: Top
  readonly per?: 'language'
  readonly by: string
  readonly maxPerHost?: number
  readonly dedupeCosine?: number
  readonly caption?: readonly CaptionChoice[]
  readonly model?: string
  readonly shuffle?: string
  readonly shardSize?: number
  readonly shards?: number
  readonly split?: readonly Side[]
  readonly groupBy?: Grouping
  readonly keepLedger?: boolean
  readonly json?: boolean
  readonly progress?: ProgressStyle
}

function topOf(text: string): Top {
  const [, figure, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? []
  const number = Number(figure)
  if (percent === '%' && number > 0 && number <= 100) return { share: number / 100 }
  if (percent === '' && Number.isInteger(number) && number > 0) return { count: number }
  throw new InvalidArgumentError('Expected a number such as 10000, or a share such as 30%.')
}

function cosineOf(text: string): number {
  const cosine = Number(text)
  if (text.trim() !== '' && cosine > 0 && cosine <= 1) return cosine
  throw new InvalidArgumentError('Expected a number above 0 and up to 1, such as 0.95.')
}

function captionsOf(text: string): readonly CaptionChoice[] {
  const named = text.split(',').map((part) => part.trim())
  const choices = named.flatMap((name) => captionChoices.filter((choice) => choice === name))
  if (choices.length === named.length) return choices
  throw new InvalidArgumentError(`Expected some of ${captionChoices.join(', ')}.`)
}

function splitOf(text: string): readonly Side[] {
  return text.split(',').map((part) => {
    const [, name, figure] = /^([a-z][a-z0-9_-]{0,39})=(\d*\.?\d+)$/.exec(part.trim()) ?? []
    const share = Number(figure)
    if (name !== undefined && share > 0 && share < 1 && !datasetFolders.has(name)) return { name, share }
    throw new InvalidArgumentError('Expected names with shares that make 1, such as train=0.98,val=0.02.')
  })
}

/** Folders of a dataset: none of a split may be called so. */
const datasetFolders: ReadonlySet<string> = new Set(['pages', 'img_emb', 'text_emb', 'metadata', 'rejected'])

const curateHelp = `
Pairs are taken in these steps, each from what the one before it left: --reject and what was
taken back from a source, --where, --uids, duplicates between sources, --dedupe-cosine, --top, --max-per-host.

Examples:
  The best 30 % of each language:
    pairmill curate my-dataset --top 30% --per language --out best
  Large photographs with a free licence, shuffled:
    pairmill curate my-dataset --where "width >= 512 and licence_url is not null" --shuffle 1 --out photos
  Last month's and this one's as one dataset, each image once:
    pairmill curate may june --out both
  For training and validation, with no host in both:
    pairmill curate my-dataset --shuffle 1 --split train=0.98,val=0.02 --group-by page_host --out parts

Of several datasets, images that two of them hold, or near ones, are kept once: the better pair stays. --where
needs DuckDB, an optional dependency.
`
