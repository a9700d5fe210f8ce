import { compile } from 'css-select'
import { DomUtils } from 'htmlparser2'
import { messageOf } from '../../records/index.js'
import type { Element, Node } from '../extract/document.js'
import { textSelector } from './selector.js'
import type { SelectorProblem } from './site-rule.js'

export type Matches = (element: Element) => boolean

/** A selector's work on a page, counted: what it may still take before it is given up. */
export interface Effort {
  left: number
}

/** Thrown by a match for which nothing is left. */
export class EffortSpent extends Error {}

/** Texts and lists are gone through at many times the speed of elements. */
const cheap = 16

/** Selectors as predicates that take from one effort. Siblings, ancestors and descendants are asked for again and again by some, so a page could keep them busy for minutes. */
export function compiler(effort: Effort): (selector: string) => Matches {
  const spend = (steps: number): void => {
    effort.left -= steps
    if (effort.left < 0) throw new EffortSpent()
  }
  const counted =
    (test: Matches): Matches =>
    (element) => {
      spend(1)
      return test(element)
    }
  const adapter = {
    ...DomUtils,
    isTag: (node: Node): node is Element => {
      spend(1)
      return DomUtils.isTag(node)
    },
    equals: (a: Node, b: Node): boolean => {
      spend(1)
      return a === b
    },
    existsOne: (test: Matches, nodes: Node[]) => DomUtils.existsOne(counted(test), nodes),
    findAll: (test: Matches, nodes: Node[]) => DomUtils.findAll(counted(test), nodes) as Element[],
    findOne: (test: Matches, nodes: Node[]) => DomUtils.findOne(counted(test), nodes) as Element | null,
    getSiblings: (node: Node): Node[] => {
      const siblings = DomUtils.getSiblings(node) as Node[]
      spend(siblings.length / cheap)
      return siblings
    },
    getText: (node: Node): string => {
      const text = DomUtils.getText(node)
      spend(1 + text.length / cheap)
      return text
    },
    prevElementSibling: (node: Node): Element | null => {
      let before = node.prev
      while (before !== null && !adapter.isTag(before as Node)) before = before.prev
      return before as Element | null
    },
  }
  // What is remembered of an element is wrong once one is taken out of the tree.
  const options = { adapter, relativeSelector: false, cacheResults: false }
  return (selector) => compile<Node, Element>(selector, options) as Matches
}

export const selectorProblem: SelectorProblem = (given, kind) => {
  const { elements, attribute } = textSelector(given)
  if (attribute !== null && kind === 'element') return 'it names elements, so ::attr() cannot stand here'
  if (elements === '') return 'there is no element before ::attr()'
  try {
    compiler({ left: Number.POSITIVE_INFINITY })(elements)
    return null
  } catch (error) {
    return messageOf(error)
  }
}
