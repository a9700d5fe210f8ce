import {
  headerWords,
  metaWordAgainstImages,
  metaWordAgainstLinks,
  wordAgainstImages,
  wordAgainstLinks,
} from './directives.js'
import { type OptOutRules, type Refusal, refusal } from './opt-outs.js'
import { reservesRights } from './tdm.js'
import { trainingPreference } from './usage.js'

type Headers = Readonly<Record<string, string>>

/** Opt-out in the head of a response against taking its body: a page's images and texts, or an image; null = none. Names are lower-case. */
export function headRefusal(headers: Headers, { productToken, obeyed }: OptOutRules): Refusal | null {
  const robots = headers['x-robots-tag']
  if (robots !== undefined && obeyed.has('x-robots-tag')) {
    const word = wordAgainstImages(headerWords(robots, productToken))
    if (word !== null) return refusal('x-robots-tag', word, 'header')
  }
  const reservation = headers['tdm-reservation']
  if (reservation !== undefined && obeyed.has('tdm') && reservesRights(reservation))
    return refusal('tdm', reservation, 'header')
  for (const [name, signal] of usageHeaders) {
    const usage = headers[name]
    if (usage !== undefined && obeyed.has(signal) && trainingPreference(usage, signal) === 'no')
      return refusal(signal, usage, 'header')
  }
  return null
}

const usageHeaders = [
  ['content-usage', 'aipref'],
  ['content-signal', 'content-signal'],
] as const

/** Opt-outs that a page declares for its images and its links; null = none. */
export interface PageVerdict {
  readonly images: Refusal | null
  readonly links: Refusal | null
}

/** `xRobotsTag`: null = none. `metas`: lower-case names with contents, of every meta element. */
export function pageVerdict(
  page: {
    readonly xRobotsTag: string | null
    readonly metas: readonly (readonly [name: string, content: string])[]
  },
  { productToken, obeyed }: OptOutRules,
): PageVerdict {
  const fromHeader =
    page.xRobotsTag === null || !obeyed.has('x-robots-tag') ? [] : headerWords(page.xRobotsTag, productToken)
  const contentsOf = (...names: readonly string[]) =>
    page.metas.filter(([name]) => names.includes(name)).map(([, content]) => content)
  const fromMeta = obeyed.has('meta-robots') ? contentsOf('robots', productToken.toLowerCase()) : []
  const reserved = obeyed.has('tdm') ? contentsOf('tdm-reservation').find(reservesRights) : undefined
  const either = (header: string | null, meta: string | null): Refusal | null => {
    if (header !== null) return refusal('x-robots-tag', header, 'header')
    return meta === null ? null : refusal('meta-robots', meta, 'meta')
  }
  const images = either(wordAgainstImages(fromHeader), metaWordAgainstImages(fromMeta))
  return {
    images: images ?? (reserved === undefined ? null : refusal('tdm', reserved, 'meta')),
    links: either(wordAgainstLinks(fromHeader), metaWordAgainstLinks(fromMeta)),
  }
}
