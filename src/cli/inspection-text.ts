import type { LinkVerdict } from '../crawl/index.js'
import type { CaptionVerdict, JudgedCaption } from '../filter/index.js'
import type { Permission } from '../records/index.js'
import type { ImageVerdict, InspectedPage, InspectedPicture, Inspection } from '../workers/index.js'
import { formatCount, page } from './figures.js'
import { imageSkipExplanations, linkSkipExplanations, rejectExplanations } from './reasons.js'
import { amount } from './summary.js'

/** An inspection for people. */
export function inspectionText(inspection: Inspection): string {
  if (inspection.kind === 'unread') {
    const { url, reason, detail, permission } = inspection
    return page([
      [url, `  not read: ${reason}${detail === '' ? '' : `, ${detail}`}`, ...permissionLines(permission)],
    ])
  }
  const { pictures, links } = inspection
  const taken = pictures.filter(({ skipped }) => skipped === null)
  const left = pictures.filter(({ skipped }) => skipped !== null)
  return page([
    headLines(inspection),
    [`Pictures: ${amount(taken.length, 'candidate')}, ${formatCount(left.length)} left out`],
    ...taken.map((picture, i) => pictureLines(picture, `${i + 1}`)),
    ...left.map((picture) => pictureLines(picture, '-')),
    linkLines(links),
  ])
}

const named = (name: string, text: string): string => `  ${name.padEnd(11)}${text}`

function headLines(inspected: InspectedPage): string[] {
  const { url, status, redirects, title, language, rule, ruleIsCostly, refusals, signs } = inspected
  const refusal = (what: string, found: InspectedPage['refusals']['images']) =>
    found === null ? [] : [named('opt-out', `${what}: ${found.rule} "${found.value}" (${found.source})`)]
  return [
    url,
    ...redirects.map((from) => named('redirected', `from ${from}`)),
    named('status', String(status)),
    named('title', title ?? 'none'),
    named('language', language ?? 'none'),
    ...permissionLines(inspected.permission),
    named('rule', rule === null ? 'none' : rule.join(', ')),
    ...(ruleIsCostly ? [named('', 'given up: its selectors take too long on this page')] : []),
    ...refusal('images', refusals.images),
    ...refusal('links', refusals.links),
    named(
      'browser',
      signs.length === 0 ? 'nothing says that one would find more' : `may find more: ${signs.join(', ')}`,
    ),
  ]
}

function permissionLines(permission: Permission | null): string[] {
  if (permission === null) return []
  const { rule, value, source } = permission
  return [named('permission', `${rule}${value === null ? '' : ` "${value}"`} (${source})`)]
}

function pictureLines(picture: InspectedPicture, number: string): string[] {
  const { elements, sources, captions, skipped, image, credit, licenceUrl, language } = picture
  const caption = skipped === null ? captions.find(({ verdict }) => verdict === null) : undefined
  const [first, ...others] = sources
  const own = (name: string, text: string | null) => (text === null ? [] : [named(name, text)])
  return [
    `${number} ${first?.url ?? elements[0] ?? 'picture'}`,
    ...(skipped === null ? [] : [named('left out', `${skipped}: ${imageSkipExplanations[skipped]}`)]),
    ...(elements.length === 0
      ? [named('at', 'named by metadata alone')]
      : elements.map((path) => named('at', path))),
    ...(first === undefined ? [] : [named('from', first.place)]),
    ...others.map(({ url, place }) => named('else', `${url} (${place})`)),
    ...captions.map((one) =>
      named(one === caption ? 'caption *' : 'caption', captionText(one, one === caption)),
    ),
    ...own('language', language),
    ...own('credit', credit),
    ...own('licence', licenceUrl),
    ...(image === null ? [] : [named('image', imageText(image))]),
  ]
}

function captionText({ source, text, said, verdict }: JudgedCaption, isFirst: boolean): string {
  const words = said === text ? '' : `, read as "${said}"`
  return `${source.padEnd(10)} "${text}"${words}: ${isFirst ? 'the caption, or with a model the first that is scored' : verdictText(verdict)}`
}

function verdictText(verdict: CaptionVerdict): string {
  switch (verdict) {
    case null:
      return 'usable'
    case 'context':
      return 'kept beside the captions, as it speaks of several pictures'
    case 'spare':
      return 'not needed, as one that speaks of the picture itself is usable'
    case 'says_no_more':
      return 'says no more than another one'
    default:
      return `${verdict}, ${rejectExplanations[verdict]}`
  }
}

function imageText({ reason, detail, url, width, height }: ImageVerdict): string {
  const size = width === null || height === null ? '' : ` ${width} x ${height}`
  if (reason === null) return `good${size}, from ${url}`
  return `${reason}${detail === null ? '' : ` (${detail})`}: ${rejectExplanations[reason]}`
}

function linkLines(links: InspectedPage['links']): string[] {
  const followed = links.filter(({ verdict }) => verdict === 'follow')
  return [
    `Links: ${formatCount(followed.length)} to follow, ${formatCount(links.length - followed.length)} left out`,
    ...links.map(({ href, url, verdict }) => `  ${verdict.padEnd(13)}${url ?? href}${whyLeft(verdict)}`),
  ]
}

function whyLeft(verdict: LinkVerdict): string {
  switch (verdict) {
    case 'follow':
      return ''
    case 'itself':
      return ': the page itself'
    case 'bad_url':
      return ': no address that can be used'
    default:
      return `: ${linkSkipExplanations[verdict]}`
  }
}
