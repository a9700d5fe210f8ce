/** Words for a group of reasons. */
interface GroupWords {
  readonly title: string
  /** What those that are left have, completes "candidates": "with a usable caption". */
  readonly left: string
  /** What became of the others, behind their number. */
  readonly lost: string
}

const words: Readonly<Record<string, GroupWords>> = {
  text: {
    title: 'The text says nothing of the picture',
    left: 'with a text that may describe it',
    lost: 'have no usable text',
  },
  download: {
    title: 'The picture could not be had',
    left: 'whose picture was fetched',
    lost: 'could not be fetched, or must not be',
  },
  image: {
    title: 'The file is no usable picture',
    left: 'whose picture is whole and large enough',
    lost: 'are no usable picture',
  },
  duplicate: {
    title: 'The picture was kept already',
    left: 'seen for the first time',
    lost: 'repeat a kept picture',
  },
  model: {
    title: 'The model says no',
    left: 'whose text fits the picture',
    lost: 'do not fit, by the model',
  },
  other: { title: 'Other', left: 'left by all other rules', lost: 'were left out for another reason' },
}

const unknown: GroupWords = { title: 'Other', left: 'left', lost: 'were left out' }

/** Pure. */
export const groupWords = (id: string): GroupWords =>
  Object.hasOwn(words, id) ? (words[id] ?? unknown) : unknown
