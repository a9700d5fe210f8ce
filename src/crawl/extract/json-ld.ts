/** An image that a page's structured data names. */
export interface DeclaredImage {
  /** As written. */
  readonly url: string
  /** Untidied, best first. */
  readonly texts: readonly string[]
  /** As written; null = none. */
  readonly licence: string | null
}

export interface JsonLd {
  readonly images: readonly DeclaredImage[]
  /** The licence of the page's own thing, as written; null = none. */
  readonly licence: string | null
}

type JsonObject = Readonly<Record<string, unknown>>

/** Values looked at in one script. */
const maxValues = 20_000

interface Visit {
  readonly value: unknown
  /** Name of the thing whose image this is; null = it is not reached as an image. */
  readonly imageOf: { readonly name: string | null } | null
  readonly depth: number
}

/** Reads one `application/ld+json` script: every ImageObject, and what stands under `image`. Not JSON = nothing. */
export function readJsonLd(script: string): JsonLd {
  const images: DeclaredImage[] = []
  let licence: string | null = null
  const stack: Visit[] = [{ value: parse(script), imageOf: null, depth: 0 }]
  for (let seen = 0; seen < maxValues; seen++) {
    const visit = stack.pop()
    if (visit === undefined) break
    const { value, imageOf, depth } = visit
    if (typeof value === 'string') {
      if (imageOf !== null)
        images.push({ url: value, texts: imageOf.name === null ? [] : [imageOf.name], licence: null })
    } else if (Array.isArray(value)) {
      for (let i = Math.min(value.length, maxValues) - 1; i >= 0; i--)
        stack.push({ value: value[i], imageOf, depth })
    } else if (isObject(value)) {
      const isImage =
        imageOf !== null || typesOf(value).some((type) => type === 'ImageObject' || type === 'Photograph')
      if (isImage) {
        const image = imageOfObject(value, imageOf?.name ?? null)
        if (image !== null) images.push(image)
      } else if (depth <= 1) {
        licence ??= reference(value.license)
      }
      const name = text(value.name) ?? text(value.headline)
      for (const [key, child] of Object.entries(value).reverse()) {
        if (key === '@graph') stack.push({ value: child, imageOf: null, depth })
        else if (!isImage && imageKeys.has(key))
          stack.push({ value: child, imageOf: { name }, depth: depth + 1 })
        else if (typeof child === 'object' && child !== null)
          stack.push({ value: child, imageOf: null, depth: depth + 1 })
      }
    }
  }
  return { images, licence }
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
