import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { z } from 'zod'
import { type StyleName, styleNames } from './styles.js'

/** Something that several picture sets draw. */
export interface Subject {
  /** Lower-case name with dashes, e.g. `hot-dog`; unique. */
  readonly id: string
  readonly name: string
  /** Unicode's group, e.g. `Food & Drink`. */
  readonly group: string
  /** Other words for it, lower-case; may be empty. */
  readonly keywords: readonly string[]
}

/** An SVG drawing: the markup inside the `<svg>` element and the box it is drawn in. */
export interface Drawing {
  readonly body: string
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface Catalogue {
  /** In Unicode's order. */
  readonly subjects: readonly Subject[]
  /** By style, then by subject id; a style need not draw every subject. */
  readonly drawings: ReadonlyMap<StyleName, ReadonlyMap<string, Drawing>>
}

/** A subject belongs to the catalogue when at least so many of the sets draw it. */
const minStyles = 4

const iconSetShape = z.object({
  left: z.number().default(0),
  top: z.number().default(0),
  width: z.number().default(16),
  height: z.number().default(16),
  icons: z.record(
    z.string(),
    z.object({
      body: z.string(),
      left: z.number().optional(),
      top: z.number().optional(),
      width: z.number().optional(),
      height: z.number().optional(),
    }),
  ),
  aliases: z.record(z.string(), z.looseObject({ parent: z.string() })).default({}),
})
type IconSet = z.infer<typeof iconSetShape>

const namesShape = z.record(z.string(), z.object({ name: z.string(), slug: z.string(), group: z.string() }))
const keywordsShape = z.record(z.string(), z.array(z.string()))
const charactersShape = z.record(z.string(), z.string())

const require = createRequire(import.meta.url)

async function readJson(specifier: string, signal: AbortSignal): Promise<unknown> {
  return JSON.parse(await readFile(require.resolve(specifier), { encoding: 'utf8', signal }))
}

/** Sets that also say which character an icon stands for; the others are matched by name alone. */
const setsWithCharacters: ReadonlySet<StyleName> = new Set([
  'noto',
  'twemoji',
  'openmoji',
  'fluent-emoji-flat',
])

interface Named extends Subject {
  /** Hexadecimal code points joined by dashes, variation selectors left out. */
  readonly characters: string
}

/**
 * Reads the picture sets that are installed beside this package: about 80 MB of JSON, a second or two. Only the
 * drawings of the catalogue's subjects stay in memory. No flags and no skin tones.
 */
export async function loadCatalogue(signal: AbortSignal): Promise<Catalogue> {
  const named = await loadNames(signal)
  const drawings = new Map<StyleName, Map<string, Drawing>>()
  for (const style of styleNames) {
    signal.throwIfAborted()
    drawings.set(style, await loadDrawings(style, named, signal))
  }
  const subjects = named
    .filter(({ id }) => styleNames.filter((style) => drawings.get(style)?.has(id)).length >= minStyles)
    .map(({ id, name, group, keywords }) => ({ id, name, group, keywords }))
  const known = new Set(subjects.map((s) => s.id))
  for (const ofStyle of drawings.values()) {
    for (const id of ofStyle.keys()) if (!known.has(id)) ofStyle.delete(id)
  }
  return { subjects, drawings }
}

async function loadNames(signal: AbortSignal): Promise<Named[]> {
  const names = namesShape.parse(await readJson('unicode-emoji-json/data-by-emoji.json', signal))
  const keywords = keywordsShape.parse(await readJson('emojilib/dist/emoji-en-US.json', signal))
  return Object.entries(names)
    .filter(([, entry]) => entry.group !== 'Flags')
    .map(([character, entry]) => ({
      id: entry.slug.replaceAll('_', '-'),
      name: plainName(entry.name),
      group: entry.group,
      keywords: plainKeywords(keywords[character] ?? [], entry.name),
      characters: codePoints(character),
    }))
}

/** Unicode writes `“on” arrow` with quotes and ’ in names; captions are typed on plain keyboards. */
function plainName(name: string): string {
  return name.replace(/[“”]/g, '').replace(/’/g, "'").toLowerCase()
}

function plainKeywords(words: readonly string[], name: string): string[] {
  const plain = words.map((w) => w.replaceAll('_', ' ').toLowerCase())
  return [...new Set(plain)].filter((w) => /^[a-z][a-z ]{2,24}$/.test(w) && w !== plainName(name)).slice(0, 8)
}

function codePoints(text: string): string {
  return [...text]
    .map((c) => (c.codePointAt(0) ?? 0).toString(16))
    .filter((hex) => hex !== 'fe0f')
    .join('-')
}

async function loadDrawings(
  style: StyleName,
  named: readonly Named[],
  signal: AbortSignal,
): Promise<Map<string, Drawing>> {
  const set = iconSetShape.parse(await readJson(`@iconify-json/${style}/icons.json`, signal))
  const characters = setsWithCharacters.has(style)
    ? charactersShape.parse(await readJson(`@iconify-json/${style}/chars.json`, signal))
    : {}
  const byCharacter = new Map(
    Object.entries(characters).map(([points, icon]) => [points.replaceAll('-fe0f', ''), icon]),
  )
  const bySqueezedName = new Map(
    [...Object.keys(set.aliases), ...Object.keys(set.icons)].map((icon) => [squeezed(icon), icon]),
  )
  const drawings = new Map<string, Drawing>()
  for (const { id, characters: points } of named) {
    const icon = byCharacter.get(points) ?? bySqueezedName.get(squeezed(id))
    const drawing = icon === undefined ? null : drawingOf(set, icon)
    if (drawing !== null) drawings.set(id, drawing)
  }
  return drawings
}

/** Some sets write `admissiontickets` for `admission-tickets`. */
function squeezed(name: string): string {
  return name.replaceAll('-', '')
}

/** Null where the icon is missing or is another one turned or mirrored: that would be no drawing of its own. */
function drawingOf(set: IconSet, icon: string): Drawing | null {
  let name = icon
  for (let hops = 0; hops < 5; hops += 1) {
    const found = set.icons[name]
    if (found !== undefined) {
      return {
        body: found.body,
        left: found.left ?? set.left,
        top: found.top ?? set.top,
        width: found.width ?? set.width,
        height: found.height ?? set.height,
      }
    }
    const alias = set.aliases[name]
    if (alias === undefined || Object.keys(alias).length > 1) return null
    name = alias.parent
  }
  return null
}
