import { createHash } from 'node:crypto'

/** Why a link is not followed although it is in scope: it looks like one of a line without end. */
export const trapReasons = ['trap_path', 'trap_depth', 'trap_query', 'trap_calendar', 'trap_session'] as const
export type TrapReason = (typeof trapReasons)[number]

/** The page that a link stands on. */
export interface LinkedFrom {
  readonly url: string
  /** Links away from the seed. */
  readonly depth: number
}

/** The same run of path segments so often in a row is a relative link that was resolved again and again. */
const maxRepeats = 3
/** And so is the same word so often anywhere in a path. */
const maxSame = 4
const maxSegments = 24
const maxParameters = 24
const maxQueryLength = 1024
/** A query that has all of its page's parameters and more may still grow up to here: filters of a shop do. */
const growingParameters = 8
/** Pages that differ in nothing but their date may be followed so many links away from the seed. */
const maxDateDepth = 24
/** Range in which a four-digit number is a year by itself; others are as often ids. */
const earliestYear = 1800
const yearsAhead = 2

/**
 * Whether a link leads on into a trap, judged by its URL (canonical) and that of its page: a path that repeats itself, or has too many
 * segments; a query that only grows; dates that lead out of the years that there are, or one after the other without end. null = none that shows. Pure.
 */
export function trapVerdict(url: string, from: LinkedFrom, now: number): TrapReason | null {
  const { path, query } = split(url)
  const segments = path.split('/').filter((segment) => segment !== '')
  if (segments.length > maxSegments) return 'trap_depth'
  if (repeats(segments) || returns(segments)) return 'trap_path'
  if (growsWithoutEnd(query, split(from.url).query)) return 'trap_query'
  return isCalendar(url, from, now) ? 'trap_calendar' : null
}

/**
 * The URL without what names one visitor's session, under which one page has ever new URLs; null = it names none. Only for telling
 * whether two URLs are one page: many a server wants the session in the URL.
 */
export function withoutSession(url: string): string | null {
  const { before, path, query } = split(url)
  const plainPath = path.replace(sessionInPath, '')
  const kept = parametersOf(query).filter((parameter) => !isSession(parameter))
  const plain = `${before}${plainPath}${kept.length === 0 ? '' : `?${kept.join('&')}`}`
  return plain.length === url.length ? null : plain
}

/** Digest that copies of a page share: of its HTML without mentions of its own URL. */
export function pageDigest(html: string, url: string): string {
  const { before, path, query } = split(url)
  const own = `${path}${query}`
  // A short path, such as `/`, stands everywhere and is no mention.
  const text = own.length < minOwnLength ? html : html.replaceAll(`${before}${own}`, '').replaceAll(own, '')
  return createHash('sha1').update(text).digest('base64')
}

const minOwnLength = 4
const sessionInPath = /;(?:jsessionid|phpsessid|sid)=[^/;?]*/gi
const sessionNames =
  /^(?:phpsessid|jsessionid|aspsessionid[a-z]*|asp\.net_sessionid|sessionid|session_id|sessid|sid|cfid|cftoken|zenid|oscsid|osc[_-]?sid|xtc?sid|s)$/i
/** A session's name is long and says nothing; `sid=12` may be a section. */
const sessionValue = /^(?=.*\d)[a-z0-9_.-]{16,}$/i

function isSession(parameter: string): boolean {
  const at = parameter.indexOf('=')
  return at > 0 && sessionNames.test(parameter.slice(0, at)) && sessionValue.test(parameter.slice(at + 1))
}

/** A run of segments that follows upon itself `maxRepeats` times; of numbers and letters alone, it is how stores of files are laid out. */
function repeats(segments: readonly string[]): boolean {
  for (let length = 1; length * maxRepeats <= segments.length; length++) {
    let same = 0
    for (let i = length; i < segments.length; i++) {
      same = segments[i] === segments[i - length] ? same + 1 : 0
      if (same >= length * (maxRepeats - 1) && segments.slice(i - length + 1, i + 1).some(isWord)) return true
    }
  }
  return false
}

function returns(segments: readonly string[]): boolean {
  if (segments.length <= maxSame) return false
  const times = new Map<string, number>()
  for (const word of segments.filter(isWord)) times.set(word, (times.get(word) ?? 0) + 1)
  return [...times.values()].some((count) => count > maxSame)
}

function isWord(segment: string): boolean {
  return segment.length > 1 && !/^\d+$/.test(segment)
}

function growsWithoutEnd(query: string, fromQuery: string): boolean {
  if (query.length > maxQueryLength) return true
  const parameters = parametersOf(query)
  if (parameters.length > maxParameters) return true
  const before = parametersOf(fromQuery)
  if (parameters.length <= growingParameters || parameters.length <= before.length) return false
  const now = new Set(parameters)
  return before.length > 0 && before.every((parameter) => now.has(parameter))
}

/**
 * The first step out of the years that dates have, from a page that is in them; or one date after the other, however far. What is no year is a
 * date only beside one: `/topic/4821/2` is none, and may be reached from anywhere but `/topic/2026/2`.
 */
function isCalendar(url: string, from: LinkedFrom, now: number): boolean {
  const template = templateOf(url)
  if (template === null) return false
  const page = templateOf(from.url)
  if (page?.text !== template.text) return false
  if (from.depth >= maxDateDepth) return true
  const lastYear = new Date(now).getUTCFullYear() + yearsAhead
  const isYear = (year: number | undefined) => year !== undefined && year >= earliestYear && year <= lastYear
  return template.years.some((year, i) => !isYear(year) && isYear(page.years[i]))
}

/** `2024/05`, `2024-05-17`, `year=2024&month=5`: what may say a day or a month in a path or a query. */
const dateInUrl =
  /(?<![0-9])(\d{4})([/-])(?:1[0-2]|0?[1-9])(?:\2(?:3[01]|[12]\d|0?[1-9]))?(?![0-9])|[?&](?:y|yr|year)=(\d{4})(?=&|$)/gi
const restOfDate = /([?&](?:m|mon|month|d|day|w|week)=)\d{1,2}(?=&|$)/gi

/** The URL with what may be dates taken out of its path and query, and the year of each; null = it has none. A port is no year. */
function templateOf(url: string): { text: string; years: readonly number[] } | null {
  const { before, path, query } = split(url)
  const years: number[] = []
  const text = `${path}${query}`.replace(
    dateInUrl,
    (_, first: string | undefined, _mark, second: string | undefined) => {
      years.push(Number(first ?? second))
      return second === undefined ? '\0' : '&\0'
    },
  )
  return years.length === 0 ? null : { text: before + text.replace(restOfDate, '$1\0'), years }
}

function parametersOf(query: string): string[] {
  return query === '' ? [] : query.slice(1).split('&')
}

function split(url: string): { before: string; path: string; query: string } {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  if (start < 0) return { before: url, path: '/', query: '' }
  const mark = url.indexOf('?', start)
  const end = mark < 0 ? url.length : mark
  return { before: url.slice(0, start), path: url.slice(start, end), query: url.slice(end) }
}
