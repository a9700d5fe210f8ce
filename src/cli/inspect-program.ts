import { type Command, Option } from 'commander'
import type { OptionKey } from '../options/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import type { InspectCall } from './inspect.js'
import { addOptions } from './run-option.js'

/** Options of a run that decide what is taken from one page. */
const options: readonly OptionKey[] = [
  'rules',
  'scope',
  'include',
  'exclude',
  'delayMs',
  'imageDelayMs',
  'userAgent',
  'contact',
  'ignoreOptOut',
  'connectTo',
  'allowPrivate',
  'lang',
  'minSide',
  'maxAspect',
  'minBytes',
  'repeatedText',
  'imageSize',
]

/** `answer` takes the exit code. */
export function addInspectCommand(
  program: Command,
  inspect: (call: InspectCall) => Promise<ExitCode>,
  answer: (code: ExitCode) => void,
): void {
  const command = program
    .command('inspect')
    .summary('show what is taken from one page, and why')
    .description(
      'Reads one page as a run would and shows what comes of it: each picture with its place, its URLs in the order of trying and its ' +
        'captions with the verdict on each; what is left out and why; the links; what the page declares against being taken; and whether ' +
        'a browser might find more. It is how site rules are written (docs/rules.md).',
    )
    .argument('<URL|FILE>', 'page to fetch, or a file with its HTML')
    .option('--fetch', 'fetch the images too, and show the verdict on each')
    .option('--json', 'the result as JSON on standard output (docs/inspect.md)')
    .addOption(
      new Option(
        '--base <URL>',
        'where a FILE was had from: its URLs are resolved by it, and its rule is chosen (default: http://file.invalid/)',
      ),
    )
  addOptions(command, options)
  command
    .addHelpText('after', inspectHelp)
    .showHelpAfterError('pairmill inspect --help lists the options.')
    .action(async (target: string, given: Record<string, unknown>) => {
      const { fetch, json, base, ...flags } = given
      answer(
        await inspect({
          target,
          base: typeof base === 'string' ? base : null,
          withImages: fetch === true,
          json: json === true,
          flags,
        }),
      )
    })
}

const inspectHelp = `
Examples:
  pairmill inspect https://example.org/page --contact you@example.org
  pairmill inspect https://example.org/page --contact you@example.org --rules rules.json --fetch
  pairmill inspect saved.html --base https://example.org/page --rules rules.json --json

robots.txt and opt-outs are obeyed and delays are kept, as by a run. A FILE is read without a connection, unless --fetch is given.

Exit codes: ${exitCodes.ok} the page was shown; ${exitCodes.failed} it could not be read, or is not to be; ${exitCodes.usage} an option cannot be used.
`
