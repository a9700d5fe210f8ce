import type { SignedShape } from '../render/signs.js'
import type { Node } from './document.js'

/** Counts, taken on the way, for the signs of a page that is built by script (see ../render/signs.ts). */
export type MarkupShape = {
  -readonly [Count in keyof Omit<SignedShape, 'usableImages' | 'emptyImages' | 'lazyImages'>]: number
}

/** Of a script that is looked into. Characters. */
const maxScript = 100_000
const watchesScrolling = /\bIntersectionObserver\b|['"`]scroll(?:end)?['"`]|\bonscroll\b/
/** An id, as scripts name it. */
const quotedWord = /["'`]#?([\w-]{1,60})["'`]/g
const maxEmptyIds = 200

/** The element that the usual frameworks fill. */
const appRoot = /^_*(?:root|app|app-root|main-app|react-root|next|nuxt|gatsby|svelte|application)$/i
/** Of elements that scripts fill beside what the page is about: advertisements, questions, comments. */
const sideShow =
  /(?:^|[-_])(?:ads?|adv|gpt|dfp|banner|sponsor\w*|cookies?|consent|gdpr|captcha|recaptcha|comments?|disqus|chat|toasts?|modal|popup|tooltip|overlay|notifications?|maps?|chart)(?:$|[-_\d])/i

/** Ids of elements without content, before the script that may fill them; each counts once. */
export type EmptyIds = Set<string>

/** Those of a type of its own hold data, and are no script (HTML, "prepare the script element"). */
export function takeScript(
  type: string | undefined,
  text: string,
  shape: MarkupShape,
  emptyIds: EmptyIds,
): void {
  const isScript =
    type === undefined || /^\s*(?:$|module\s*$|(?:text|application)\/(?:x-)?(?:java|ecma)script)/i.test(type)
  if (!isScript) return
  shape.scripts++
  const looked = text.slice(0, maxScript)
  if (watchesScrolling.test(looked)) shape.lazyScripts++
  if (emptyIds.size === 0) return
  for (const [, word = ''] of looked.matchAll(quotedWord)) if (emptyIds.delete(word)) shape.emptyRoots++
}

/** Notes a container without content: frameworks fill it, or a script that names it may. */
export function takeEmptyRoot(
  id: string | undefined,
  children: readonly Node[],
  shape: MarkupShape,
  emptyIds: EmptyIds,
): void {
  if (id === undefined || id === '' || !isBlank(children) || sideShow.test(id)) return
  if (appRoot.test(id)) shape.emptyRoots++
  else if (emptyIds.size < maxEmptyIds) emptyIds.add(id)
}

function isBlank(children: readonly Node[]): boolean {
  return children.every((child) => child.type === 'text' && child.data.trim() === '')
}
