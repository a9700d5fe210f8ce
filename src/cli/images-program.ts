import { type Command, Option } from 'commander'
import type { ListFormat } from '../crawl/index.js'
import type { ExitCode } from './exit-codes.js'
import type { ImagesCall } from './images.js'
import { sharedOptionsHelp } from './run-option.js'
import { addSourceOptions, sourceCallOf } from './source-options.js'

/** Command that reads lists of images. */
export interface ImagesCommands {
  images(call: ImagesCall): Promise<ExitCode>
}

const formats: readonly ListFormat[] = ['txt', 'csv', 'tsv', 'jsonl', 'parquet']

/** `answer` takes the exit code. */
export function addImagesCommand(
  program: Command,
  commands: ImagesCommands,
  answer: (code: ExitCode) => void,
): void {
  const group = 'What the list looks like:'
  const images = program
    .command('images')
    .summary('make a dataset of lists of image URLs with captions, or go on with one')
    .description(
      'Takes image URLs with their captions from lists instead of pages, and does with them all that `run` does with what it ' +
        'finds: robots.txt, delays, filters, scores, duplicates, shards. Stop it at any time: the same command goes on where it was.',
    )
    .argument(
      '<LIST...>',
      'files (txt, csv, tsv, jsonl, each also with .gz, and parquet), or folders of them',
    )
    .addOption(
      new Option('--format <FORMAT>', 'what the files are, whatever their names say')
        .choices(formats)
        .helpGroup(group),
    )
    .addOption(
      new Option('--url-col <NAME>', 'column, or JSON property, of the image URL')
        .default('url')
        .helpGroup(group),
    )
    .addOption(
      new Option('--caption-col <NAME>', 'column of the caption').default('caption').helpGroup(group),
    )
    .addOption(
      new Option('--page-col <NAME>', 'column of the page on which the image stood').helpGroup(group),
    )
    .addOption(new Option('--licence-col <NAME>', 'column of a link to the licence').helpGroup(group))
    .showHelpAfterError('pairmill images --help lists the options.')
  addSourceOptions(images)
  images
    .addHelpText('after', `\n${sharedOptionsHelp('sources')}\n${examples}`)
    .action(async (lists: string[], given: Record<string, unknown>) => {
      const { format, urlCol, captionCol, pageCol, licenceCol, ...rest } = given
      answer(
        await commands.images({
          lists,
          format: formats.find((known) => known === format) ?? null,
          columns: {
            url: String(urlCol),
            caption: String(captionCol),
            page: textOrNull(pageCol),
            licence: textOrNull(licenceCol),
          },
          ...sourceCallOf(rest),
        }),
      )
    })
}

const textOrNull = (given: unknown): string | null => (typeof given === 'string' ? given : null)

const examples = `
Examples:
  A table with a header:
    pairmill images pairs.csv --out pairs
  LAION's columns, all files of a folder:
    pairmill images laion/ --url-col URL --caption-col TEXT --out pairs
  Lines of a URL, a blank and a caption:
    pairmill images urls.txt --out pairs --model none
  By the workers of a fleet; as many of these as you like may read for one run:
    pairmill images laion/ --backend redis://10.0.0.5:6379 --run laion --out s3://pairs/laion

A row without a URL or a caption that can be used is left out, named by its line, and counted; all of them are listed in
OUT/.pairmill/skipped-rows.jsonl (in a fleet: on standard error).
`
