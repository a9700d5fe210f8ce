import { headersOf } from '../../../net/index.js'
import { type DomScan, emptyHarvest, type FoundImage, harvestSteps } from '../../extract/index.js'
import { allOptOuts, headRefusal } from '../../permission/index.js'
import { inSlices } from '../../steps.js'
import type { VisitOptions } from '../../visit.js'
import { dateOf, type RecordOutcome, skip, skipByStatus, targetUrl } from './record-outcome.js'
import { withoutReferences } from './references.js'

/**
 * Reads a WAT record: what Common Crawl's extractor wrote of one record of a WARC file, as JSON. It has the page's links, images with alt
 * and title, metas and HTTP headers, and nothing of its text: no figcaptions, headings or JSON-LD. Character references are decoded in it,
 * but not in those of before the middle of 2019; so they are undone in all of them, for no text or URL means them.
 */
export async function readWat(
  block: Buffer,
  options: VisitOptions,
  signal: AbortSignal,
): Promise<RecordOutcome> {
  const envelope = within(jsonOf(block), 'Envelope')
  if (envelope === undefined) return skip('json', 'no JSON object with an Envelope')
  const warc = within(envelope, 'WARC-Header-Metadata')
  const type = textOf(within(warc, 'WARC-Type'))
  if (type === 'revisit') return skip('revisit')
  if (type !== 'response') return skip('metadata')
  if (within(warc, 'WARC-Truncated') !== undefined) return skip('truncated')
  const http = within(envelope, 'Payload-Metadata', 'HTTP-Response-Metadata')
  const status = Number(textOf(within(http, 'Response-Message', 'Status')))
  if (!Number.isInteger(status)) return skip('not_http')
  const byStatus = skipByStatus(status)
  if (byStatus !== null) return skip(byStatus)
  const html = within(http, 'HTML-Metadata')
  if (html === undefined) return skip('not_html')
  const dateMs = dateOf(textOf(within(warc, 'WARC-Date')))
  if (dateMs === null) return skip('malformed', 'it has no WARC-Date')
  const url = targetUrl(textOf(within(warc, 'WARC-Target-URI')))
  if (url === null) return skip('bad_url')
  const headers = headersIn(within(http, 'Headers'))
  const refusal = headRefusal(headers, options)
  if (refusal !== null) {
    const detail = `${refusal.rule}: ${refusal.value} (${refusal.source})`
    return { ...skip('opt_out', detail), refusal }
  }
  const steps = harvestSteps(harvestOf(html), url, {
    imageSize: options.imageSize,
    productToken: options.productToken,
    obeyed: options.obeyed ?? allOptOuts,
    contentLanguage: headers['content-language'] ?? null,
    xRobotsTag: headers['x-robots-tag'] ?? null,
  })
  return { kind: 'page', page: await inSlices(steps, {}, signal), dateMs }
}

/** Images of one page that are looked at, as of a page. */
const maxImages = 20_000
/** Of a meta's content. Characters. */
const maxContent = 5000

function harvestOf(html: unknown): DomScan {
  const head = within(html, 'Head')
  const metas = objectsIn(within(head, 'Metas'))
  const images: FoundImage[] = []
  let imagesSeen = 0
  let licence: Record<string, unknown> | undefined
  for (const links of [within(head, 'Link'), within(html, 'Links')]) {
    for (const link of objectsIn(links)) {
      if (isLicence(link)) licence ??= link
      const attributes = imageAttributes(link)
      if (attributes !== null && imagesSeen++ < maxImages)
        images.push({ element: null, attributes, sources: [], figure: null, link: null, textBefore: 0 })
    }
  }
  const contentOf = (isIt: (meta: Record<string, unknown>) => boolean) =>
    wordsOf(metas.find(isIt)?.content) ?? null
  return {
    ...emptyHarvest(),
    title: wordsOf(within(head, 'Title')) ?? null,
    // The attributes of the html element are written as metas.
    htmlLanguage: contentOf(({ name }) => name === 'HTML@/lang' || name === 'HTML@/xml:lang'),
    metaLanguage: contentOf((meta) => /^content-language$/i.test(textOf(meta['http-equiv']) ?? '')),
    base: wordsOf(within(head, 'Base')) ?? null,
    licence: wordsOf(licence?.url) ?? null,
    images,
    imagesSeen,
    metas: metas.flatMap((meta) => {
      const name = textOf(meta.property) ?? textOf(meta.name)
      const content = wordsOf(meta.content)
      if (name === undefined || content === undefined) return []
      return [[name.trim().toLowerCase(), content.slice(0, maxContent)] as const]
    }),
  }
}

function isLicence({ rel }: Record<string, unknown>): boolean {
  return typeof rel === 'string' && /(?:^|\s)license(?:\s|$)/i.test(rel)
}

/** `{path: 'IMG@/src', url, alt, title}` as the element that it was. Extractors that write lazy attributes name them in the path. null = no image. */
function imageAttributes(link: Record<string, unknown>): Record<string, string> | null {
  const { path, url } = link
  if (typeof path !== 'string' || typeof url !== 'string' || !path.startsWith(imagePath)) return null
  const attribute = path.slice(imagePath.length).toLowerCase()
  if (!/^[a-z-]+$/.test(attribute) || notPictures.has(attribute)) return null
  const attributes: Record<string, string> = {}
  for (const name of Object.keys(link)) {
    const value = link[name]
    if (name !== 'path' && name !== 'url' && typeof value === 'string')
      attributes[name.toLowerCase()] = withoutReferences(value)
  }
  attributes[attribute] = withoutReferences(url)
  return attributes
}

const imagePath = 'IMG@/'
const notPictures: ReadonlySet<string> = new Set([
  'longdesc',
  'usemap',
  'data-href',
  'data-uri',
  'background',
])

/** A field that was sent twice may be a list. */
function headersIn(value: unknown): Record<string, string> {
  if (!isObject(value)) return {}
  const fields = Object.entries(value).flatMap(([name, given]) =>
    (Array.isArray(given) ? given : [given]).flatMap((one: unknown) => {
      const text = textOf(one)
      return text === undefined ? [] : [[name, text] as const]
    }),
  )
  return headersOf(fields)
}

function jsonOf(block: Buffer): unknown {
  try {
    return JSON.parse(block.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Value at a path of names; undefined = there is none. */
function within(value: unknown, ...names: readonly string[]): unknown {
  let at = value
  for (const name of names) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return undefined
    at = at[name]
  }
  return at ?? undefined
}

function objectsIn(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
}

/** A text of the page itself. */
function wordsOf(value: unknown): string | undefined {
  const text = textOf(value)
  return text === undefined ? undefined : withoutReferences(text)
}
