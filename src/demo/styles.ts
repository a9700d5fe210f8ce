/** A picture set: one drawing style, shipped by one npm package under one free licence. */
interface Style {
  readonly name: StyleName
  readonly title: string
  readonly author: string
  /** SPDX identifier. */
  readonly licence: string
  readonly licenceUrl: string
  readonly source: string
}

export const styleNames = [
  'noto',
  'noto-v1',
  'twemoji',
  'openmoji',
  'emojione',
  'emojione-v1',
  'fxemoji',
  'fluent-emoji-flat',
] as const
export type StyleName = (typeof styleNames)[number]

/** The style that no training run is fed, so that accuracy on it says something about drawings never seen. */
export const heldOutStyle: StyleName = 'fluent-emoji-flat'
export const trainingStyles: readonly StyleName[] = styleNames.filter((name) => name !== heldOutStyle)

const ccBy = 'https://creativecommons.org/licenses/by/4.0/'
const ccBySa = 'https://creativecommons.org/licenses/by-sa/4.0/'
const apache = 'https://www.apache.org/licenses/LICENSE-2.0'

export const styles: readonly Style[] = [
  {
    name: 'noto',
    title: 'Noto',
    author: 'Google Inc',
    licence: 'Apache-2.0',
    licenceUrl: apache,
    source: 'https://github.com/googlefonts/noto-emoji',
  },
  {
    name: 'noto-v1',
    title: 'Noto v1',
    author: 'Google Inc',
    licence: 'Apache-2.0',
    licenceUrl: apache,
    source: 'https://github.com/googlefonts/noto-emoji',
  },
  {
    name: 'twemoji',
    title: 'Twemoji',
    author: 'Twitter',
    licence: 'CC-BY-4.0',
    licenceUrl: ccBy,
    source: 'https://github.com/jdecked/twemoji',
  },
  {
    name: 'openmoji',
    title: 'OpenMoji',
    author: 'OpenMoji',
    licence: 'CC-BY-SA-4.0',
    licenceUrl: ccBySa,
    source: 'https://github.com/hfg-gmuend/openmoji',
  },
  {
    name: 'emojione',
    title: 'EmojiTwo',
    author: 'Emoji One',
    licence: 'CC-BY-4.0',
    licenceUrl: ccBy,
    source: 'https://github.com/EmojiTwo/emojitwo',
  },
  {
    name: 'emojione-v1',
    title: 'EmojiOne v1',
    author: 'Emoji One',
    licence: 'CC-BY-SA-4.0',
    licenceUrl: ccBySa,
    source: 'https://github.com/joypixels/emojione-legacy',
  },
  {
    name: 'fxemoji',
    title: 'FxEmojis',
    author: 'Mozilla',
    licence: 'Apache-2.0',
    licenceUrl: apache,
    source: 'https://github.com/mozilla/fxemoji',
  },
  {
    name: 'fluent-emoji-flat',
    title: 'Fluent Emoji Flat',
    author: 'Microsoft Corporation',
    licence: 'MIT',
    licenceUrl: 'https://opensource.org/license/mit',
    source: 'https://github.com/microsoft/fluentui-emoji',
  },
]

export function styleOf(name: StyleName): Style {
  const style = styles.find((s) => s.name === name)
  if (style === undefined) throw new RangeError(`no style ${name}`)
  return style
}
