import type { Attributes } from './document.js'
import { backgroundOf } from './image-element.js'

/** Where an element keeps the picture that a script would show, by the shape of its attributes. */
export interface LazySources {
  /** Named as what a script puts into `src`; the first ones in the order of the element. */
  readonly sources: readonly string[]
  /** Further values that look like a picture's URL. Best first. */
  readonly others: readonly string[]
  /** Those whose name says that it is another picture, or a worse one: of use where there is no other. */
  readonly beside: readonly string[]
  /** First attribute that is named as a srcset; undefined = none. */
  readonly srcset: string | undefined
}

export const noLazySources: LazySources = { sources: [], others: [], beside: [], srcset: undefined }

/** Attributes that mean something else, or are read elsewhere. */
const known: ReadonlySet<string> = new Set(
  'src srcset alt title class id width height sizes loading decoding style role longdesc usemap href name border align'.split(
    ' ',
  ),
)
const sourceName = /src(?!set)|lazy|orig|actual|defer|echo|real|full|hi-?res|load/
/** Another picture than the one that is described, or a worse one. */
const besideName =
  /hover|over|alt|next|prev|flip|back|swap|thumb|avatar|author|logo|link|href|placeholder|fallback|error|tiny|lqip|low|blur|small|preview|icon|pin/
const srcsetName = /srcset|[-_]set$/
const pictureName = /url|image|img|file|photo|pic|large|big|zoom|media/

/** Ends as the files of pictures do. */
const pictureEnd = /\.(?:jpe?g|jfif|png|gif|webp|avif|bmp)(?:[?#]|$)/i
const noUrl = /^\s*(?:[[{<]|data:|javascript:|about:|blob:)|[\n<>{}]/i

interface Found {
  readonly sources: string[]
  readonly others: string[]
  /** By their names alone. */
  readonly named: string[]
  readonly beside: string[]
  srcset: string | undefined
}

/** Pure. */
export function lazySourcesOf(attributes: Attributes): LazySources {
  let found: Found | null = null
  for (const name in attributes) {
    if (known.has(name) || name.startsWith('aria-')) continue
    const value = unquoted(attributes[name])
    if (value === undefined || value.length < 3 || value.length > maxValue) continue
    found ??= { sources: [], named: [], others: [], beside: [], srcset: undefined }
    if (srcsetName.test(name)) {
      if (value.trim() !== '') found.srcset ??= value
      continue
    }
    if (noUrl.test(value)) continue
    const isPicture = pictureEnd.test(value)
    if (!isPicture && (!/\S[./]\S/.test(value) || /\s/.test(value.trim()) || !/[/?]|\.[a-z]/i.test(value)))
      continue
    if (besideName.test(name)) {
      if (isPicture) found.beside.push(value)
    } else if (sourceName.test(name)) found.sources.push(value)
    else if (isPicture) found.others.push(value)
    else if (pictureName.test(name) && /[/]/.test(value)) found.named.push(value)
  }
  const background = backgroundOf(attributes.style)
  if (found === null) return background === null ? noLazySources : { ...noLazySources, others: [background] }
  return {
    sources: found.sources,
    others: [...found.others, ...found.named, ...(background === null ? [] : [background])],
    beside: found.beside,
    srcset: found.srcset,
  }
}

/** Some frameworks read the value as an expression, in which an address is quoted. */
function unquoted(value: string | undefined): string | undefined {
  const quote = value?.[0]
  if (value === undefined || (quote !== "'" && quote !== '"' && quote !== '`')) return value
  return value.length > 2 && value.endsWith(quote) ? value.slice(1, -1) : value
}

/** Longer values are no URLs. Characters. */
const maxValue = 20_000
