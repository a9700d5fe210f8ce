import type { Subject } from './catalogue.js'
import { below, pick, type Random } from './random.js'

/** `a cat`, `an owl`. */
export function withArticle(name: string): string {
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

type Template = (subject: Subject, random: Random) => string

const altTemplates: readonly Template[] = [
  (s) => `a picture of ${withArticle(s.name)}`,
  (s) => `a drawing of ${withArticle(s.name)}`,
  (s) => `${capitalised(s.name)} in flat colours`,
  (s) => `an icon that shows ${withArticle(s.name)}`,
  (s) => `cartoon of ${withArticle(s.name)}`,
  (s) => `${withArticle(s.name)} as a small illustration`,
  (s) => `this is ${withArticle(s.name)}`,
  (s) => `clip art: ${s.name}`,
  (s, random) =>
    s.keywords.length > 0 ? `the ${s.name} symbol (${pick(random, s.keywords)})` : `the ${s.name} symbol`,
]

const figcaptionTemplates: readonly Template[] = [
  (s, random) => `Figure ${1 + below(random, 90)}. ${capitalised(withArticle(s.name))}, drawn by hand.`,
  (s, random) =>
    s.keywords.length > 1
      ? `${capitalised(s.name)}: people also say ${pick(random, s.keywords)} or ${pick(random, s.keywords)}.`
      : `${capitalised(s.name)}, as our readers know it.`,
  (s) => `Here we see ${withArticle(s.name)}.`,
  (s, random) =>
    s.keywords.length > 0
      ? `${capitalised(withArticle(s.name))}, filed under ${pick(random, s.keywords)}.`
      : `${capitalised(withArticle(s.name))} from our archive.`,
]

const titleTemplates: readonly Template[] = [
  (s, random) =>
    s.keywords.length > 0 ? `${s.name}, ${s.keywords.slice(0, 1 + below(random, 4)).join(', ')}` : s.name,
  (s) => `${s.name} picture`,
]

/** Every text names the subject, in lower case or with a capital. Three words at least. */
export function altOf(subject: Subject, random: Random): string {
  return pick(random, altTemplates)(subject, random)
}
export function figcaptionOf(subject: Subject, random: Random): string {
  return pick(random, figcaptionTemplates)(subject, random)
}
export function titleOf(subject: Subject, random: Random): string {
  return pick(random, titleTemplates)(subject, random)
}

/** German for some subjects, for the page in another language. */
export const germanNames: Readonly<Record<string, string>> = {
  'dog-face': 'ein Hundegesicht',
  'cat-face': 'ein Katzengesicht',
  pizza: 'ein Stück Pizza',
  bread: 'ein Brot',
  'red-apple': 'ein roter Apfel',
  banana: 'eine Banane',
  grapes: 'Weintrauben',
  strawberry: 'eine Erdbeere',
  snowman: 'ein Schneemann',
  umbrella: 'ein Regenschirm',
  rocket: 'eine Rakete',
  locomotive: 'eine Dampflokomotive',
  bus: 'ein Omnibus',
  key: 'ein Schlüssel',
  hammer: 'ein Hammer',
  scissors: 'eine Schere',
  'light-bulb': 'eine Glühbirne',
  guitar: 'eine Gitarre',
  trumpet: 'eine Trompete',
  owl: 'eine Eule',
  penguin: 'ein Pinguin',
  elephant: 'ein Elefant',
  spider: 'eine Spinne',
  mushroom: 'ein Pilz',
  cactus: 'ein Kaktus',
  sunflower: 'eine Sonnenblume',
  anchor: 'ein Anker',
  castle: 'ein Schloss',
  volcano: 'ein Vulkan',
  crown: 'eine Krone',
}

/** Some alts say nothing; pages are full of them. */
export const emptyWords: readonly string[] = ['image', 'photo', 'picture', 'logo', 'untitled', 'icon']

/** Names of files as cameras and people give them. */
export function fileNameAlt(subject: Subject, random: Random): string {
  const kind = random()
  if (kind < 0.4) return `IMG_${1000 + below(random, 9000)}.JPG`
  if (kind < 0.7) return `${subject.id}_${below(random, 400)}.png`
  return `DSC${10000 + below(random, 90000)}.jpg`
}
