import { InvalidArgumentError, Option } from 'commander'
import type { Flag } from './flag.js'

/** Values stay texts here; they are checked with those of the config file, in one place. */
export function optionOf(flag: Flag): Option {
  const fallback = flag.fallback === null ? '' : ` (default: ${flag.fallback})`
  const repeatable = flag.repeatable === true ? '; may be repeated' : ''
  const option = new Option(`${flag.flag} <${flag.value}>`, `${flag.help}${repeatable}${fallback}`)
  option.helpGroup(flag.group)
  if (flag.repeatable === true) {
    option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
  } else {
    option.argParser((value: string) => {
      if (value.startsWith('--')) throw new InvalidArgumentError(`Expected ${flag.expected}.`)
      return value
    })
  }
  return option
}

/** Reads a whole number of a range. */
export function wholeNumber(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (Number.isInteger(number) && number >= min && number <= max) return number
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
  }
}
