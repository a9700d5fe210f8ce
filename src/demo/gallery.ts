import { altOf, emptyWords, fileNameAlt, titleOf } from './captions.js'
import type { Subject } from './catalogue.js'
import { type ImageSources, imageHtml, type Markup } from './html.js'
import { lookOf, type PictureFormat } from './picture.js'
import { pick, type Random } from './random.js'
import type { HostDraft, ImageFile } from './site.js'
import type { Access } from './truth.js'

/** Sides of the pictures' files in pixels; all pass the default rules. */
export const sides = { small: 240, usual: 288, large: 480 } as const

type FileKind = 'fine' | 'transparent' | 'animated' | 'missing' | 'cut' | 'not_image'
type AltKind = 'right' | 'wrong' | 'file_name' | 'none' | 'empty_word'

const fileKinds: readonly (readonly [FileKind, number])[] = [
  ['fine', 0.92],
  ['transparent', 0.03],
  ['animated', 0.01],
  ['missing', 0.02],
  ['cut', 0.01],
  ['not_image', 0.01],
]
const altKinds: readonly (readonly [AltKind, number])[] = [
  ['right', 0.78],
  ['wrong', 0.11],
  ['file_name', 0.04],
  ['none', 0.04],
  ['empty_word', 0.03],
]
const markups: readonly (readonly [Markup, number])[] = [
  ['plain', 0.5],
  ['lazy', 0.15],
  ['srcset', 0.15],
  ['picture', 0.1],
  ['noscript', 0.1],
]

/** One of the items by its share; the shares add up to 1. */
function drawn<T>(random: Random, shares: readonly (readonly [T, number])[]): T {
  let left = random()
  for (const [item, share] of shares) {
    left -= share
    if (left < 0) return item
  }
  return shares[0]?.[0] as T
}

/** A picture as a host keeps it: its files and what they are. */
export interface Placed {
  readonly subject: Subject
  readonly sources: ImageSources
  /** Whether a crawler gets a whole image under its address. */
  readonly readable: boolean
}

/** Puts a picture's files on the host. The look belongs to the picture, so all its sizes are near duplicates. */
export function placePicture(
  draft: HostDraft,
  subject: Subject,
  random: Random,
  access: Access,
  options: { readonly damage: boolean; readonly folder: string } = { damage: true, folder: '/pictures' },
): Placed {
  const kind = options.damage ? drawn(random, fileKinds) : 'fine'
  const look = lookOf(random, kind === 'transparent')
  const format: PictureFormat =
    kind === 'transparent'
      ? 'png'
      : kind === 'animated'
        ? 'gif'
        : pick(random, ['jpeg', 'jpeg', 'jpeg', 'png', 'webp'])
  const extension = format === 'jpeg' ? 'jpg' : format
  const readable = kind !== 'missing' && kind !== 'cut' && kind !== 'not_image'
  const add = (side: number): string => {
    const path = `${options.folder}/${encodeURIComponent(subject.id)}-${side}.${extension}`
    const picture: ImageFile = {
      kind: 'picture',
      subject: subject.id,
      look,
      side,
      format,
      whole: kind === 'cut' ? 0.6 : 1,
    }
    const file = kind === 'missing' ? null : kind === 'not_image' ? ({ kind: 'not_image' } as const) : picture
    draft.show(path, file, subject, readable ? access : 'broken')
    return path
  }
  const src = add(sides.usual)
  const larger = kind === 'fine' && random() < 0.5 ? { src: add(sides.large), side: sides.large } : null
  return { subject, sources: { src, larger, side: sides.usual }, readable }
}

/** One picture of a gallery, with an alt as people write them: mostly right. */
export function galleryItem(
  draft: HostDraft,
  placed: Placed,
  others: readonly Subject[],
  random: Random,
  access: Access,
): string {
  const { subject, sources, readable } = placed
  const markup = drawn(random, markups)
  const kind = drawn(random, altKinds)
  if (kind === 'right') {
    if (readable && access === 'open') draft.want(subject)
    return imageHtml(
      markup,
      sources,
      altOf(subject, random),
      random() < 0.3 ? titleOf(subject, random) : null,
    )
  }
  return imageHtml(markup, sources, badAlt(kind, subject, others, random))
}

export function badAlt(
  kind: Exclude<AltKind, 'right'>,
  subject: Subject,
  others: readonly Subject[],
  random: Random,
): string | null {
  switch (kind) {
    case 'wrong':
      return altOf(strangerOf(subject, others, random), random)
    case 'file_name':
      return fileNameAlt(subject, random)
    case 'empty_word':
      return pick(random, emptyWords)
    case 'none':
      return random() < 0.5 ? '' : null
  }
}

/** Another subject, of another group, that shares no word with this one, so that its name is surely wrong. */
export function strangerOf(subject: Subject, others: readonly Subject[], random: Random): Subject {
  const words = wordsOf(subject)
  for (let tries = 0; tries < 200; tries += 1) {
    const other = pick(random, others)
    if (other.group !== subject.group && ![...wordsOf(other)].some((word) => words.has(word))) return other
  }
  throw new RangeError(`no subject is foreign to ${subject.name}`)
}

function wordsOf(subject: Subject): Set<string> {
  const all = [subject.name, ...subject.keywords].join(' ').toLowerCase()
  return new Set(all.split(/[^a-z0-9]+/).filter((word) => word.length > 2))
}
