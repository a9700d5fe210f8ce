import { type FlagKey, flagKeys, flagOf } from './run-flags.js'

/** Keys of `RunOptions` whose flags have other names. */
const renamed: Readonly<Record<string, FlagKey>> = {
  maxTimeMs: 'maxTime',
  languages: 'lang',
  seed: 'shuffleSeed',
}

/** The keys of `RunOptions` that some given options decide. */
export function runOptionsOf(given: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const keys = Object.keys(given).map(
    (key) => Object.keys(renamed).find((option) => renamed[option] === key) ?? key,
  )
  if (keys.includes('contact')) keys.push('userAgent')
  // Unless it is given, the delay of images follows that of pages.
  return new Set(keys.includes('delayMs') ? [...keys, 'imageDelayMs'] : keys)
}

/** The flag that sets a key of `RunOptions`; the key itself where none does. */
export function flagOfRunOption(option: string): string {
  const key = renamed[option] ?? flagKeys.find((name) => name === option)
  if (option === 'seeds') return '<seed...>'
  if (option === 'sources') return '<LIST...>, <PATH...>'
  return key === undefined ? option : flagOf(key).flag
}
