import { canonicalUrl } from '../crawl/index.js'
import {
  canonicalPattern,
  digestsOfHex,
  noRejectEntries,
  type RejectEntries,
  rejectEntries,
  sha256Of,
} from '../records/index.js'

/** Kinds of what people name, each with the option and the prefix of its name. A page and a URL are alike: each is taken back as page and as image. */
export const namedKinds = ['host', 'page', 'url', 'sha256', 'phash', 'uid'] as const
export type NamedKind = (typeof namedKinds)[number]

/** What is to be taken back, as it is known by: canonical. */
export interface Named {
  readonly kind: NamedKind
  readonly value: string
}

const hexDigits = { sha256: 64, phash: 16, uid: 32 } as const

/** Pure. `problem`: why the value names nothing of its kind, for people. */
export function namedOf(kind: NamedKind, given: string): Named | { readonly problem: string } {
  switch (kind) {
    case 'host': {
      const value = canonicalPattern(given)
      if (value !== null) return { kind, value }
      return {
        problem: `${given} is no host: give it without scheme, port and path, such as example.com, or *.example.com for all below it`,
      }
    }
    case 'page':
    case 'url': {
      const value = canonicalUrl(given)
      return value === null ? { problem: `${given} is no http or https URL` } : { kind, value }
    }
    default: {
      const value = given.toLowerCase()
      const digits = hexDigits[kind]
      if (new RegExp(`^[0-9a-f]{${digits}}$`).test(value)) return { kind, value }
      return { problem: `${given} is no ${kind}: ${digits} hex digits are expected` }
    }
  }
}

/**
 * What a list names: one thing a line, `KIND:VALUE` or the value alone, whose kind is then told by its shape, as in a list for `--reject`: 64 hex digits are
 * a sha256, 16 a phash, what has a scheme is a URL, and what has a dot a host. Empty lines, and those that begin with #, say nothing. Pure.
 */
export function namedInList(text: string): {
  readonly named: readonly Named[]
  readonly problems: readonly string[]
} {
  const named: Named[] = []
  const problems: string[] = []
  for (const [i, line] of text.split('\n').entries()) {
    const given = line.trim()
    if (given === '' || given.startsWith('#')) continue
    const found = listed(given)
    if ('problem' in found) problems.push(`line ${i + 1}: ${found.problem}`)
    else named.push(found)
  }
  return { named, problems }
}

function listed(given: string): Named | { readonly problem: string } {
  const colon = given.indexOf(':')
  const prefix = namedKinds.find((kind) => kind === given.slice(0, colon).toLowerCase())
  if (prefix !== undefined) return namedOf(prefix, given.slice(colon + 1).trim())
  if (/^[0-9a-f]+$/i.test(given)) {
    if (given.length === hexDigits.sha256) return namedOf('sha256', given)
    if (given.length === hexDigits.phash) return namedOf('phash', given)
    return {
      problem: `${given} is neither a sha256 (64 hex digits) nor a phash (16); a uid is written uid:HEX, and MD5s no dataset knows`,
    }
  }
  return namedOf(given.includes('://') ? 'url' : 'host', given)
}

/** Tombstones of what is named: hosts and URLs by their hashes alone. Pure. */
export function tombstonesOf(named: readonly Named[]): RejectEntries {
  const hexOf = (...kinds: NamedKind[]) =>
    named.filter(({ kind }) => kinds.includes(kind)).map(({ value }) => value)
  const hashed = (...kinds: NamedKind[]) => hexOf(...kinds).map((value) => sha256Of(value).toString('hex'))
  const hex = {
    hosts: hashed('host'),
    urls: hashed('page', 'url'),
    images: hexOf('sha256'),
    phashes: hexOf('phash'),
    uids: hexOf('uid'),
  }
  return rejectEntries((kind, width) =>
    kind === 'md5s' ? noRejectEntries.md5s : digestsOfHex(width, hex[kind]),
  )
}
