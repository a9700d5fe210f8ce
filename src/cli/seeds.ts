import { canonicalUrl } from '../crawl/index.js'
import { shownUrl } from '../records/index.js'

/** A seed as a person wrote it, and where: null = on the command line or in the config file. */
export interface GivenSeed {
  readonly text: string
  readonly line: number | null
}

export interface Seeds {
  /** Canonical, distinct, in the order given. */
  readonly urls: readonly string[]
  /** A message for every seed that is no URL. */
  readonly problems: readonly string[]
  /** Seeds that had no scheme, and what they were read as. */
  readonly assumed: readonly { readonly text: string; readonly url: string }[]
}

/** One URL a line; empty lines and lines that begin with # are left out. */
export function seedLines(content: string): GivenSeed[] {
  return content
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ text: line.trim(), line: index + 1 }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'))
}

/** `file` names the seeds file in messages about its lines. */
export function parseSeeds(given: readonly GivenSeed[], file: string): Seeds {
  const urls = new Set<string>()
  const problems: string[] = []
  const assumed: { text: string; url: string }[] = []
  for (const { text, line } of given) {
    const withScheme = hasScheme(text) ? text : `${schemeFor(text)}://${text}`
    const url = canonicalUrl(withScheme)
    if (url === null) {
      const place = line === null ? 'seed' : `${file} line ${line}`
      problems.push(
        hasLogin(text, withScheme)
          ? `${place}: credentials in URLs are not taken; leave user and password out of '${shownUrl(text)}'`
          : `${place}: expected an http or https URL such as https://example.org/, got '${shownUrl(text)}'`,
      )
      continue
    }
    if (withScheme !== text && !urls.has(url)) assumed.push({ text, url })
    urls.add(url)
  }
  return { urls: [...urls], problems, assumed }
}

/** An address of e-mail would be read as one of a web server, with who it is for as its user. */
function hasLogin(text: string, withScheme: string): boolean {
  if (/^mailto:/i.test(text) || !URL.canParse(withScheme)) return false
  const { protocol, username, password } = new URL(withScheme)
  return /^https?:$/.test(protocol) && (username !== '' || password !== '')
}

const hasScheme = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(text)

/** https, but http for localhost and bare addresses: those seldom have a certificate. */
function schemeFor(text: string): 'http' | 'https' {
  const host = /^(\[[^\]]*\]|[^/:?#]*)/.exec(text)?.[1]?.toLowerCase() ?? ''
  const local = host === 'localhost' || host.endsWith('.localhost')
  return local || host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 'http' : 'https'
}
