export interface SrcsetEntry {
  readonly url: string
  /** From a `w` descriptor, pixels; null = none. */
  readonly width: number | null
  /** From an `x` descriptor; 1 where there is no descriptor at all; null where there is a width. */
  readonly density: number | null
}

/** Entries of one srcset that are looked at, usable or not: no picture has so many sizes. */
const maxEntries = 500
/** Longer descriptors are none. Characters. */
const maxDescriptors = 200

/** HTML's "parse a srcset attribute": entries with unknown or contradicting descriptors are left out. Takes linear time. */
export function parseSrcset(text: string): SrcsetEntry[] {
  const entries: SrcsetEntry[] = []
  let at = 0
  for (let seen = 0; seen < maxEntries && at < text.length; seen++) {
    while (at < text.length && (isSpace(text.charCodeAt(at)) || text.charCodeAt(at) === comma)) at++
    if (at >= text.length) break
    const start = at
    while (at < text.length && !isSpace(text.charCodeAt(at))) at++
    let end = at
    while (end > start && text.charCodeAt(end - 1) === comma) end--
    if (end < at) {
      entries.push({ url: text.slice(start, end), width: null, density: 1 })
      continue
    }
    const descriptorsStart = at
    // Commas within parentheses do not end an entry.
    let inParens = false
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === openParen) inParens = true
      else if (code === closeParen) inParens = false
      else if (code === comma && !inParens) break
    }
    const size =
      at - descriptorsStart > maxDescriptors ? null : descriptorsOf(text.slice(descriptorsStart, at))
    if (size !== null) entries.push({ url: text.slice(start, end), ...size })
  }
  return entries
}

/**
 * The entry to fetch for an image that will be stored with `wantedSide` as its long side: the smallest that is at least
 * as wide, else the widest. Densities count as widths where the tag says how wide 1x is; else 2x is plenty.
 */
export function bestEntry(
  entries: readonly SrcsetEntry[],
  wantedSide: number,
  tagWidth: number | null,
): SrcsetEntry | null {
  let best: SrcsetEntry | null = null
  for (const entry of entries) {
    if (best === null || isBetter(entry, best, wantedSide, tagWidth)) best = entry
  }
  return best
}

/** The entries next to `best` in size, the smaller one first, unless it is less than half of what is wanted. */
export function neighbours(
  entries: readonly SrcsetEntry[],
  best: SrcsetEntry,
  wantedSide: number,
  tagWidth: number | null,
): SrcsetEntry[] {
  const own = sizeOf(best, wantedSide, tagWidth)
  let smaller: SrcsetEntry | null = null
  let larger: SrcsetEntry | null = null
  for (const entry of entries) {
    const size = sizeOf(entry, wantedSide, tagWidth)
    if (
      size < own &&
      size * 2 >= wantedSide &&
      (smaller === null || size > sizeOf(smaller, wantedSide, tagWidth))
    ) {
      smaller = entry
    }
    if (size > own && (larger === null || size < sizeOf(larger, wantedSide, tagWidth))) larger = entry
  }
  return [smaller, larger].filter((entry) => entry !== null)
}

function isBetter(a: SrcsetEntry, b: SrcsetEntry, wantedSide: number, tagWidth: number | null): boolean {
  const sizeA = sizeOf(a, wantedSide, tagWidth)
  const sizeB = sizeOf(b, wantedSide, tagWidth)
  if (sizeA >= wantedSide && sizeB >= wantedSide) return sizeA < sizeB
  return sizeA > sizeB
}

function sizeOf(entry: SrcsetEntry, wantedSide: number, tagWidth: number | null): number {
  if (entry.width !== null) return entry.width
  const density = entry.density ?? 1
  return density * (tagWidth ?? wantedSide / 2)
}

/** null = the entry is to be left out. */
function descriptorsOf(text: string): { width: number | null; density: number | null } | null {
  let width: number | null = null
  let density: number | null = null
  for (const word of text.split(/[\t\n\f\r ]+/)) {
    if (word === '') continue
    const number = word.slice(0, -1)
    if (word.endsWith('w') && /^\d+$/.test(number) && width === null && density === null) {
      width = Number(number)
      if (width === 0) return null
    } else if (
      word.endsWith('x') &&
      /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(number) &&
      width === null &&
      density === null
    ) {
      density = Number(number)
      if (density < 0) return null
    } else if (!(word.endsWith('h') && /^\d+$/.test(number) && density === null)) {
      return null
    }
  }
  return { width, density: width === null ? (density ?? 1) : null }
}

const comma = 0x2c
const openParen = 0x28
const closeParen = 0x29

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d || code === 0x0c
}
