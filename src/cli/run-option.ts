import { type Command, InvalidArgumentError, Option } from 'commander'
import { defaultText, flagOf, type OptionKey, optionKeys, optionOf, type Taker } from '../options/index.js'

/** Adds the options of a run that a command takes, and the file that may hold them. */
export function addRunOptions(command: Command, taker: Taker): void {
  addOptions(
    command,
    optionKeys.filter((key) => optionOf(key).takenBy?.includes(taker) ?? true),
  )
  const example = taker === 'run' ? ': {"maxPages": 100, "lang": ["en"]}' : ''
  const help = `options as JSON, in camelCase${example}; flags win over it`
  command.addOption(new Option('--config <FILE>', help).helpGroup(optionOf('out').heading))
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
