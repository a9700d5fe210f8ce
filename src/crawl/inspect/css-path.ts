import type { Document, Element, Node } from '../extract/document.js'

/** Selector of one element alone, by its place in the tree from the root down; with the names by which a rule may tell it from others. Pure. */
export function cssPath(element: Element): string {
  const parts: string[] = []
  let node: Element | null = element
  while (node !== null) {
    const parent: Node | Document | null = node.parent as Node | Document | null
    const isRoot = parent === null || parent.type === 'root'
    const root = isRoot ? ':root' : ''
    parts.push(`${escaped(node.name)}${namesOf(node)}${root}${placeOf(node)}`)
    node = isRoot ? null : (parent as Element)
  }
  return parts.toReversed().join(' > ')
}

/** Its id, else its first classes; names that are longer, or no words, are made by programs and change. */
function namesOf({ attribs }: Element): string {
  const { id = '', class: classes = '' } = attribs
  if (plainName.test(id)) return `#${id}`
  const named = classes
    .slice(0, 500)
    .split(/\s+/)
    .filter((name) => plainName.test(name))
  return named
    .slice(0, maxClasses)
    .map((name) => `.${name}`)
    .join('')
}

const maxClasses = 2
const plainName = /^[a-z][\w-]{0,39}$/i

/** '' = it is the only one of its name there. */
function placeOf(element: Element): string {
  let before = 0
  let isOnly = true
  for (let node = element.prev; node !== null; node = node.prev) if (isSame(node as Node, element)) before++
  for (let node = element.next; node !== null && isOnly; node = node.next)
    isOnly = !isSame(node as Node, element)
  return before === 0 && isOnly ? '' : `:nth-of-type(${before + 1})`
}

const isSame = (node: Node, { name }: Element): boolean => 'attribs' in node && node.name === name

/** Names of elements may hold what ends a selector. */
const escaped = (name: string): string => name.replace(/[^\w-]/g, (char) => `\\${char}`)
