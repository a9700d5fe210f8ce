import { type Document, parseDocument } from './extract/document.js'
import { textOf } from './extract/text.js'
import type { Page } from './page.js'
import type { PageShape } from './page-shape.js'
import { atOnce } from './steps.js'

const sketchSize = 128
const wordsPerRun = 3
/** A page with fewer runs says nothing: its words may be for a script to write. */
const leastRuns = 8
/** Share of their runs of words in which a page agrees with the page for a URL that is not there. */
const leastAlike = 0.8
const maxImages = 50
/** Characters of a page's text that are looked at: a page speaks of itself at its beginning. */
const maxText = 32 * 1024
/** A shorter last segment stands in other words as well. */
const minEcho = 4

type ShapedPage = Pick<Page, 'url' | 'title' | 'candidates'>

/** Takes the shape of a page of this HTML. Pure. */
export function shapeOf(html: string, page: ShapedPage): PageShape {
  return shapeOfDocument(atOnce(parseDocument(html)), page)
}

/** As shapeOf, of a page that was parsed. */
export function shapeOfDocument(document: Document, page: ShapedPage): PageShape {
  const isEcho = echoOf(page.url)
  const text = beginningOf(document)
  const title = page.title === null ? '' : wordsOf(page.title, isEcho).join(' ')
  return {
    title: title === '' ? null : title,
    sketch: sketchOf(wordsOf(text, isEcho)),
    images: [...new Set(page.candidates.map(({ imageUrl }) => imageUrl))].slice(0, maxImages),
  }
}

/** The text of a document, up to `maxText`. */
function beginningOf({ children }: Document): string {
  const parts: string[] = []
  let length = 0
  for (const node of children) {
    if (length >= maxText) break
    const part = textOf(node).slice(0, maxText - length)
    parts.push(part)
    length += part.length + 1
  }
  return parts.join(' ')
}

/**
 * Whether the page is the one that its host shows for a URL that is not there (`absent`): it has the same title, says nearly the same, and shows no
 * image that is not there too. Pure.
 */
export function isLikeAbsent(page: PageShape, absent: PageShape): boolean {
  const shown = new Set(absent.images)
  return (
    page.title === absent.title &&
    page.images.every((image) => shown.has(image)) &&
    Math.min(page.sketch.length, absent.sketch.length) >= leastRuns &&
    agreement(page.sketch, absent.sketch) >= leastAlike
  )
}

/** Whether a title says that there is no such page. */
export function speaksOfAbsence(title: string | null): boolean {
  return title !== null && absence.test(title)
}

const absence =
  /\b(?:404|not found|no such page|does(?:n.t| not) exist|no longer available|nicht gefunden|introuvable|no encontrad[ao]|non trovat[ao]|não encontrad[ao])\b|не найден|見つかりません|找不到|不存在/i

/** A path that no site has. `random`: 0 <= x < 1. */
export function absentPath(random: () => number): string {
  const letters = 'bcdfghjklmnpqrstvwxz'
  return `/${Array.from({ length: 24 }, () => letters[Math.floor(random() * letters.length)]).join('')}`
}

/** Tells the words of a page that repeat its URL. */
function echoOf(url: string): (word: string) => boolean {
  const { pathname, search } = new URL(url)
  const last = pathname.split('/').findLast((segment) => segment !== '') ?? ''
  const echoes = [last, decoded(last), `${pathname}${search}`]
    .map((text) => text.toLowerCase())
    .filter(({ length }) => length >= minEcho)
  return (word) => echoes.some((echo) => word.includes(echo))
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    // The segment is not percent-encoded UTF-8, and is shown as it is.
    return segment
  }
}

/** Letters only: numbers are dates, counts and reference numbers. */
function wordsOf(text: string, isEcho: (word: string) => boolean): string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => !isEcho(word))
    .flatMap((word) => word.match(/\p{L}+/gu) ?? [])
}

function sketchOf(words: readonly string[]): number[] {
  const hashes = new Set<number>()
  for (let i = 0; i + wordsPerRun <= words.length; i++) {
    hashes.add(hashOf(words.slice(i, i + wordsPerRun).join(' ')))
  }
  return [...hashes].sort((a, b) => a - b).slice(0, sketchSize)
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** Of the smallest hashes of both together, the share that both have: an estimate of how much of their runs two texts share (bottom-k sketch). */
function agreement(a: readonly number[], b: readonly number[]): number {
  const inA = new Set(a)
  const inB = new Set(b)
  const smallest = [...new Set([...a, ...b])].sort((x, y) => x - y).slice(0, sketchSize)
  return smallest.filter((hash) => inA.has(hash) && inB.has(hash)).length / smallest.length
}
