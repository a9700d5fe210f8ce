import type { Steps } from '../steps.js'
import type { Label, LabelGroup } from './label-scan.js'

/** An image as labels see it. */
export interface LabelledPicture {
  /** Equal for what shows the same picture, such as a lazy image and its noscript twin. */
  readonly key: string
  /** A heading may speak of it: it is neither decoration nor tiny. */
  readonly mayBeHeaded: boolean
  /** Characters of text in the document before it. */
  readonly textBefore: number
}

export interface ImageLabels {
  readonly captions: readonly string[]
  /** Of its own card or section, where it is the only picture; null = none. */
  readonly heading: string | null
  /** Heading that stands over several pictures; null = none. */
  readonly context: string | null
}

/** Between a picture and its caption, or the heading below it. Characters. */
const maxGap = 200
/** Between a heading and the picture of its section. Characters. */
const maxSectionGap = 1000
/** A picture is told its first captions. */
const maxPerImage = 3

/** A picture within a group, however often it is shown there. */
interface Shown {
  readonly at: number
  readonly textBefore: number
  readonly images: number[]
}

type Said = { captions: string[]; heading: string | null; context: string | null }

const groupsPerStep = 16

/**
 * What the labels of a document say of its images, by their numbers; nothing of those that are not there. A caption or heading belongs to the
 * only picture of the smallest element that holds both; where that holds several, to the one that it follows, or precedes, throughout. A
 * heading of a section with several pictures is context.
 *
 * @param pictureOf null = no picture that has a caption
 */
export function* labelImages(
  groups: readonly LabelGroup[],
  images: number,
  pictureOf: (image: number) => LabelledPicture | null,
): Steps<ReadonlyMap<number, ImageLabels>> {
  const said: SaidByImage = new Map()
  const pictures: (LabelledPicture | null | undefined)[] = new Array(images)
  for (const [i, group] of groups.entries()) {
    if (i % groupsPerStep === 0) yield
    const inGroup: [number, LabelledPicture][] = []
    for (let image = group.from; image < Math.min(group.to, images); image++) {
      let picture = pictures[image]
      if (picture === undefined) {
        picture = pictureOf(image)
        pictures[image] = picture
      }
      if (picture !== null) inGroup.push([image, picture])
    }
    if (inGroup.length === 0) continue
    const captions = group.labels.filter(({ kind }) => kind === 'caption')
    const headings = group.labels.filter(({ kind }) => kind === 'heading')
    if (captions.length > 0) takeCaptions(captions, shownIn(inGroup), said)
    if (headings.length === 0) continue
    const free = inGroup.filter(([image, { mayBeHeaded }]) => mayBeHeaded && !said.get(image)?.heading)
    if (free.length > 0) takeHeadings(headings, group, shownIn(free), said)
  }
  return said
}

type SaidByImage = Map<number, Said>

function saidOf(said: SaidByImage, image: number): Said {
  let own = said.get(image)
  if (own === undefined) {
    own = { captions: [], heading: null, context: null }
    said.set(image, own)
  }
  return own
}

function shownIn(pictures: readonly (readonly [number, LabelledPicture])[]): Shown[] {
  const shown = new Map<string, Shown>()
  for (const [image, { key, textBefore }] of pictures) {
    const known = shown.get(key)
    if (known !== undefined) known.images.push(image)
    else shown.set(key, { at: image, textBefore, images: [image] })
  }
  return [...shown.values()]
}

function takeCaptions(labels: readonly Label[], shown: readonly Shown[], said: SaidByImage): void {
  const [only] = shown
  const pairs: (readonly [Label, Shown])[] =
    shown.length === 1 && only !== undefined
      ? labels.map((label) => [label, only] as const)
      : (alternating(labels, shown) ?? [])
  for (const [label, picture] of pairs) {
    if (gapBetween(label, picture) > maxGap) continue
    for (const image of picture.images) {
      const { captions } = saidOf(said, image)
      if (captions.length < maxPerImage && !captions.includes(label.text)) captions.push(label.text)
    }
  }
}

function takeHeadings(
  labels: readonly Label[],
  group: LabelGroup,
  shown: readonly Shown[],
  said: SaidByImage,
): void {
  const head = (label: Label, picture: Shown) => {
    for (const image of picture.images) saidOf(said, image).heading ??= label.text
  }
  const below = headingsBelow(labels, shown)
  if (below !== null) {
    for (const [label, picture] of below) head(label, picture)
    return
  }
  let isTaken = false
  for (const label of labels) {
    const end = Math.min(label.sectionEnd, group.to)
    const own = shown.filter(({ at }) => at >= label.imagesBefore && at < end)
    const [only] = own
    if (own.length === 1 && only !== undefined) {
      isTaken = true
      if (gapBetween(label, only) <= maxSectionGap) head(label, only)
    } else {
      for (const { images } of own) for (const image of images) saidOf(said, image).context ??= label.text
    }
  }
  const [only] = shown
  const [first] = labels
  if (isTaken || !group.isCard || shown.length !== 1 || only === undefined || first === undefined) return
  if (only.at < first.imagesBefore && gapBetween(first, only) <= maxGap) head(first, only)
}

/** Headings that each stand right below a picture, in a row of such; those of a higher rank before them head the row. null = it is none. */
function headingsBelow(labels: readonly Label[], shown: readonly Shown[]): [Label, Shown][] | null {
  const rank = labels.at(-1)?.rank ?? 0
  const row = labels.filter((label) => label.rank === rank)
  if (row.length < 2 || labels.some((label) => label.rank > rank)) return null
  const pairs = alternating(row, shown)
  const isBelow = pairs?.every(
    ([label, picture]) => picture.at < label.imagesBefore && gapBetween(label, picture) <= maxGap,
  )
  return isBelow === true ? pairs : null
}

/** Labels and pictures in turn, one of each: all labels behind theirs, or all before. null = they are not. */
function alternating(labels: readonly Label[], shown: readonly Shown[]): [Label, Shown][] | null {
  if (labels.length < 2 || labels.length !== shown.length) return null
  const pairs: [Label, Shown][] = []
  for (const [i, label] of labels.entries()) {
    const picture = shown[i]
    if (picture === undefined) return null
    pairs.push([label, picture])
  }
  const isBehind = pairs.every(
    ([label, picture], i) =>
      picture.at < label.imagesBefore && label.imagesBefore <= (shown[i + 1]?.at ?? label.imagesBefore),
  )
  const isBefore = pairs.every(
    ([label, picture], i) =>
      label.imagesBefore <= picture.at && picture.at < (labels[i + 1]?.imagesBefore ?? picture.at + 1),
  )
  return isBehind || isBefore ? pairs : null
}

/** Characters of text between the two. */
function gapBetween(label: Label, picture: Shown): number {
  return picture.at < label.imagesBefore
    ? label.textBefore - picture.textBefore
    : picture.textBefore - label.textBefore - label.text.length
}
