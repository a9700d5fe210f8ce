import { type Command, Option } from 'commander'
import type { ProgressStyle } from '../options/index.js'
import type { ExitCode } from './exit-codes.js'
import type { QueryCall } from './query.js'
import { progressOption } from './run-option.js'
import type { ShowCall } from './show.js'
import type { StatsCall } from './stats.js'

/** Commands that ask a dataset, and crawl nothing. */
export interface DatasetCommands {
  query(call: QueryCall): Promise<ExitCode>
  stats(call: StatsCall): Promise<ExitCode>
  show(call: ShowCall): Promise<ExitCode>
  report(call: ReportOrder): Promise<ExitCode>
}

/** `pairmill report` as it was called. */
export interface ReportOrder {
  readonly dir: string
  /** null = report.html in the folder of the dataset. */
  readonly out: string | null
  readonly progress: ProgressStyle | null
}

const place = ['<DIR>', 'folder of the dataset, or s3://BUCKET/PREFIX'] as const

/** `answer` takes the exit code. */
export function addDatasetCommands(
  program: Command,
  commands: DatasetCommands,
  answer: (code: ExitCode) => void,
): void {
  program
    .command('stats')
    .summary('say what is in a dataset: funnel, scores, sizes, languages, hosts, duplicates')
    .description(
      'Counts what is in the committed shards: what was found, fetched and kept, why the rest was not, how scores, sizes and captions ' +
        'are spread, and which share of the pairs a higher threshold would keep. Safe while a run goes on.',
    )
    .argument(...place)
    .option('--json', 'the figures as JSON on standard output')
    .addOption(progressOption())
    .addHelpText('after', statsHelp)
    .action(async (dir: string, { json, progress }: Flags) => {
      answer(await commands.stats({ dir, json: json === true, progress: progress ?? null }))
    })
  program
    .command('report')
    .summary('write one page that shows what was kept, what was not, and why')
    .description(
      'Writes one HTML file that opens in any browser, without a network: the way from pages to pairs, every reason with pictures of what it ' +
        'turned away, scores with a threshold to try, hosts, refusals, duplicates, sizes, words and options. It has at most 15 MB. ' +
        'Safe while a run goes on: it shows what is committed.',
    )
    .argument(...place)
    .option(
      '--out <FILE>',
      'write it there; without it report.html in the folder of the dataset. Of one on S3 it must be named',
    )
    .addOption(progressOption())
    .addHelpText('after', reportHelp)
    .action(async (dir: string, { out, progress }: Flags) => {
      answer(await commands.report({ dir, out: out ?? null, progress: progress ?? null }))
    })
  program
    .command('query')
    .summary('ask a dataset by SQL')
    .description(
      'Carries out one select of SQL, as DuckDB has it, on the tables pairs, rejected, candidates (both of them) and pages. Their ' +
        'columns are those of the parquet files, with the number of the shard. It reads the dataset and nothing else, and changes nothing.',
    )
    .argument(...place)
    .argument('<SQL>', 'one select')
    .addOption(new Option('--csv', 'as CSV, with the names of the columns first').conflicts('json'))
    .option('--json', 'a JSON object a line')
    .addOption(progressOption())
    .addHelpText('after', queryHelp)
    .action(async (dir: string, sql: string, { csv, json, progress }: Flags) => {
      const style = csv === true ? 'csv' : json === true ? 'json' : 'table'
      answer(await commands.query({ dir, sql, style, progress: progress ?? null }))
    })
  program
    .command('show')
    .summary('show one pair: its record, captions and permission, its picture to a file')
    .description(
      'Shows all that is known of one kept pair: by its key, or by its uid, which stays with it in every dataset.',
    )
    .argument(...place)
    .argument('<KEY|UID>', 'key of the pair in the tar, or its uid of 32 hex digits')
    .option('--out <FILE>', 'write its picture there; a file that is there already is left alone')
    .option('--force', 'with --out: replace a file that is there already')
    .option('--json', 'the record as JSON on standard output')
    .addHelpText('after', showHelp)
    .action(async (dir: string, name: string, { out, force, json }: Flags) => {
      answer(await commands.show({ dir, name, out: out ?? null, force: force === true, json: json === true }))
    })
}

interface Flags {
  readonly csv?: boolean
  readonly json?: boolean
  readonly progress?: ProgressStyle
  readonly out?: string
  readonly force?: boolean
}

const statsHelp = `
Examples:
  pairmill stats my-dataset
  pairmill stats s3://pairs/birds --json
`

const reportHelp = `
An earlier report is replaced, and no other file.

Examples:
  pairmill report my-dataset
  pairmill report s3://pairs/birds --out birds.html
`

const queryHelp = `
Examples:
  The ten hosts with the most pairs:
    pairmill query my-dataset "select page_host, count(*) as pairs from pairs group by 1 order by 2 desc limit 10"
  Captions of large pictures, as CSV:
    pairmill query my-dataset "select key, caption from pairs where width >= 512 order by key" --csv
  What a threshold of 0.3 would keep:
    pairmill query my-dataset "select count(*) from pairs where clip_score >= 0.3"
  Why pictures of one host were rejected:
    pairmill query my-dataset "select error_message, count(*) from rejected where image_host = 'example.org' group by 1"
  The columns of a table:
    pairmill query my-dataset "describe pairs"
`

const showHelp = `
Examples:
  pairmill show my-dataset 000000012
  pairmill show my-dataset 000000012 --out mill.jpg
  pairmill show my-dataset 9f2c4e0d7a6b4c1d8e3f5a7b9c0d1e2f --json
`
