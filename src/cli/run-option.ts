import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  defaultText,
  flagOf,
  type OptionKey,
  optionKeys,
  optionOf,
  progressStyles,
  type Taker,
} from '../options/index.js'

/** Adds the options of a run that a command takes, and the file that may hold them. */
export function addRunOptions(command: Command, taker: Taker): void {
  for (const flag of runOptionsOf(taker)) command.addOption(flag)
}

/** The same for a command whose help names them by where they are listed. */
export function addSharedOptions(command: Command, taker: Taker): void {
  for (const flag of runOptionsOf(taker)) command.addOption(flag.hideHelp())
}

/** What the help says of them. */
export function sharedOptionsHelp(taker: Taker): string {
  const others = keysOf('run').filter((key) => !keysOf(taker).includes(key) && key !== 'backend')
  return `Shared options: see \`pairmill run --help\`. Those about pages are not taken here:\n${others.map(flagOf).join(', ')}.`
}

const keysOf = (taker: Taker): readonly OptionKey[] =>
  optionKeys.filter((key) => optionOf(key).takenBy?.includes(taker) ?? true)

function runOptionsOf(taker: Taker): readonly Option[] {
  const example = taker === 'run' ? ': {"maxPages": 100, "lang": ["en"]}' : ''
  const help = `options as JSON, in camelCase${example}; flags win over it`
  return [
    ...keysOf(taker).map(flagFor),
    new Option('--config <FILE>', help).helpGroup(optionOf('out').heading),
  ]
}

/** The one about progress, for a command that is no run: its value is checked at once. */
export function progressOption(): Option {
  const { help, value } = optionOf('progress')
  const fallback = defaultText(optionOf('progress'))
  return new Option(`--progress <${value}>`, `${help} (default: ${fallback})`).choices(progressStyles)
}

/** Adds some options of a run to a command that does a part of what a run does. */
export function addOptions(command: Command, keys: readonly OptionKey[]): void {
  for (const key of keys) command.addOption(flagFor(key))
}

/** Values stay texts here; they are checked with those of the config file, in one place. */
function flagFor(key: OptionKey): Option {
  const { value, help, heading, expected, repeatable } = optionOf(key)
  const fallback = defaultText(optionOf(key))
  const more = `${repeatable ? '; may be repeated' : ''}${fallback === null ? '' : ` (default: ${fallback})`}`
  const flag = new Option(`${flagOf(key)} <${value}>`, `${help}${more}`).helpGroup(heading)
  if (repeatable) {
    return flag.argParser((given: string, before: string[] | undefined) => [...(before ?? []), given])
  }
  return flag.argParser((given: string) => {
    if (given.startsWith('--')) throw new InvalidArgumentError(`Expected ${expected}.`)
    return given
  })
}

/** Reads a whole number of a range. */
export function wholeNumber(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (Number.isInteger(number) && number >= min && number <= max) return number
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
  }
}
