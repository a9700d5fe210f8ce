import { type Command, Option } from 'commander'
import type { ExitCode } from './exit-codes.js'
import { sharedOptionsHelp } from './run-option.js'
import { addSourceOptions, sourceCallOf } from './source-options.js'
import type { WarcCall } from './warc.js'

/** Command that reads web archives. */
export interface WarcCommands {
  warc(call: WarcCall): Promise<ExitCode>
}

/** `answer` takes the exit code. */
export function addWarcCommand(
  program: Command,
  commands: WarcCommands,
  answer: (code: ExitCode) => void,
): void {
  const warc = program
    .command('warc')
    .summary('make a dataset of web archives (WARC, WAT), or go on with one')
    .description(
      'Takes pages from web archives instead of the web: WARC files with the pages themselves, or WAT files with what Common Crawl ' +
        'extracted of them. What the archived pages say of themselves is obeyed as in a crawl; their images are fetched from the web, as ' +
        'politely as by `run`. Stop it at any time: the same command goes on where it was, in the middle of a file.',
    )
    .argument(
      '<PATH...>',
      'WARC or WAT files (also .gz), folders of them, or lists of their paths such as warc.paths.gz; local, http(s):// or s3://',
    )
    .addOption(
      new Option(
        '--base <URL|DIR>',
        'what the paths in lists are relative to (default: for crawl-data/... the root of the tree that the list lies in, else ' +
          'https://data.commoncrawl.org/; for others where the list lies); what lies in s3:// is named by lists in s3://, or lies under it',
      ).helpGroup('Which archives:'),
    )
    .showHelpAfterError('pairmill warc --help lists the options.')
  addSourceOptions(warc)
  warc
    .addHelpText('after', `\n${sharedOptionsHelp('sources')}\n${examples}`)
    .action(async (paths: string[], given: Record<string, unknown>) => {
      const { base, ...rest } = given
      answer(
        await commands.warc({ paths, base: typeof base === 'string' ? base : null, ...sourceCallOf(rest) }),
      )
    })
}

const examples = `
Examples:
  Files of this machine:
    pairmill warc crawl/ more.warc.gz --contact you@example.org --out pairs
  One file of Common Crawl, with what it extracted of the pages (a fifth of the bytes; alt and title are the only texts):
    pairmill warc https://data.commoncrawl.org/crawl-data/CC-MAIN-.../wat/CC-MAIN-....warc.wat.gz --contact you@example.org --out pairs
  All files of a crawl, one after the other:
    pairmill warc https://data.commoncrawl.org/crawl-data/CC-MAIN-2024-10/wat.paths.gz --contact you@example.org --out pairs
  By the workers of a fleet; as many of these as you like may read for one run, each its own part of the list:
    pairmill warc part-1.paths --backend redis://10.0.0.5:6379 --run cc --contact you@example.org --out s3://pairs/cc

What a file is shows in its content. A record that is broken is left out, named by its place in the file, and counted by reason; all of
them are listed in OUT/.pairmill/skipped-rows.jsonl (in a fleet: on standard error).

Exit codes: 0 read to the end, or a limit was reached; 1 an archive could not be read any further now (the same command goes on);
2 a path or an option cannot be used; 4 an archive is not the one that was begun; 8 nothing in them could be read;
130, 143 stopped by SIGINT, SIGTERM (it goes on likewise).
`
