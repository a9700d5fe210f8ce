/** An image that a page's structured data names. */
export interface DeclaredImage {
  /** As written. */
  readonly url: string
  /** Untidied, best first. */
  readonly texts: readonly string[]
  /** As written; null = none. */
  readonly licence: string | null
}

type JsonObject = Readonly<Record<string, unknown>>

/** Longer scripts are not read: those of real pages, long lists of goods among them, have a quarter. Characters. */
const maxScript = 1024 * 1024
/** Values, be they images or not, between two steps. */
const valuesPerStep = 256

interface Visit {
  readonly value: unknown
  /** Name of the thing whose image this is; null = it is not reached as an image. */
  readonly imageOf: { readonly name: string | null } | null
  readonly depth: number
}

/** Values that are gone through one by one: those of a list, or of an object. */
interface Level {
  readonly length: number
  readonly visitAt: (index: number) => Visit | null
  next: number
}

/**
 * Reads one `application/ld+json` script: every ImageObject, and what stands under `image`, one by one in document order, so that who
 * wants no more than so many holds no more; null = a step without one. Returns the licence of the page's own thing, as written;
 * null = none. Not JSON = nothing.
 */
export function* readJsonLd(script: string): Generator<DeclaredImage | null, string | null> {
  let licence: string | null = null
  const levels: Level[] = [levelOf([parse(script)], null, 0)]
  for (let values = 1; ; values++) {
    if (values % valuesPerStep === 0) yield null
    const level = levels.at(-1)
    if (level === undefined) break
    if (level.next >= level.length) {
      levels.pop()
      continue
    }
    const visit = level.visitAt(level.next++)
    if (visit === null) continue
    const { value, imageOf, depth } = visit
    if (typeof value === 'string') {
      if (imageOf !== null)
        yield { url: value, texts: imageOf.name === null ? [] : [imageOf.name], licence: null }
    } else if (Array.isArray(value)) {
      levels.push(levelOf(value, imageOf, depth))
    } else if (isObject(value)) {
      const isImage =
        imageOf !== null || typesOf(value).some((type) => type === 'ImageObject' || type === 'Photograph')
      if (isImage) {
        const image = imageOfObject(value, imageOf?.name ?? null)
        if (image !== null) yield image
      } else if (depth <= 1) {
        licence ??= reference(value.license)
      }
      levels.push(levelOfObject(value, isImage, depth))
    }
  }
  return licence
}

const levelOf = (values: readonly unknown[], imageOf: Visit['imageOf'], depth: number): Level => ({
  length: values.length,
  visitAt: (index) => ({ value: values[index], imageOf, depth }),
  next: 0,
})

function levelOfObject(object: JsonObject, isImage: boolean, depth: number): Level {
  const keys = Object.keys(object)
  const name = text(object.name) ?? text(object.headline)
  return {
    length: keys.length,
    visitAt: (index) => {
      const key = keys[index] ?? ''
      const value = object[key]
      if (key === '@graph') return { value, imageOf: null, depth }
      if (key === 'logo') return null
      if (!isImage && imageKeys.has(key)) return { value, imageOf: { name }, depth: depth + 1 }
      return typeof value === 'object' && value !== null ? { value, imageOf: null, depth: depth + 1 } : null
    },
    next: 0,
  }
}

const imageKeys: ReadonlySet<string> = new Set(['image', 'photo', 'primaryImageOfPage', 'associatedMedia'])

function imageOfObject(object: JsonObject, ownerName: string | null): DeclaredImage | null {
  const url = reference(object.contentUrl) ?? reference(object.url)
  if (url === null) return null
  const own = [text(object.caption), text(object.name), text(object.description)].filter((t) => t !== null)
  const texts = own.length > 0 ? own : ownerName === null ? [] : [ownerName]
  return { url, texts, licence: reference(object.license) }
}

function parse(script: string): unknown {
  if (script.length > maxScript) return null
  // Old templates wrap the script in a comment or a CDATA section.
  const json = script
    .replace(/^\s*(?:<!--|(?:\/\/\s*)?<!\[CDATA\[)/, '')
    .replace(/(?:-->|(?:\/\/\s*)?\]\]>)\s*$/, '')
  try {
    return JSON.parse(json)
  } catch {
    // Broken structured data is common, and says nothing about the rest of the page.
    return null
  }
}

function typesOf(object: JsonObject): readonly unknown[] {
  const type = object['@type']
  return Array.isArray(type) ? type : [type]
}

function text(value: unknown): string | null {
  const first: unknown = Array.isArray(value) ? value[0] : value
  if (typeof first === 'string') return first.trim() === '' ? null : first
  if (!isObject(first)) return null
  const inner = first.text ?? first.name ?? first['@value']
  return typeof inner === 'string' && inner.trim() !== '' ? inner : null
}

/** A URL given as a string or as an object that has one. */
function reference(value: unknown): string | null {
  const first: unknown = Array.isArray(value) ? value[0] : value
  if (typeof first === 'string') return first === '' ? null : first
  if (!isObject(first)) return null
  const inner = first.url ?? first['@id']
  return typeof inner === 'string' && inner !== '' ? inner : null
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
