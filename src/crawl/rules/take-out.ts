import type { Element, Node } from '../extract/document.js'
import { imageElement } from '../extract/image-element.js'
import type { Steps } from '../steps.js'
import { isLink, linkOf, walk } from './walk.js'

interface Parent {
  children: Node[]
}

/** What elements held that were taken out of their tree. */
interface TakenOut {
  readonly images: number
  readonly links: number
}

/**
 * Takes elements out of the tree that they stand in. What declares something of the whole page (metas, opt-outs among them, and the base
 * of its URLs) stays where they were. It counts what lies in two of them twice.
 */
export function* takeOut(elements: readonly Element[]): Steps<TakenOut> {
  let images = 0
  let links = 0
  const kept = new Map<Node, readonly Node[]>()
  const parents = new Set<Parent>()
  for (const element of elements) {
    const declaring: Node[] = []
    const look = (one: Element): boolean => {
      if (one.name === 'meta' || one.name === 'base') declaring.push(one)
      if (imageElement(one, null) !== null) images++
      if (isLink(one) && linkOf(one) !== undefined) links++
      return true
    }
    look(element)
    yield* walk(element, look)
    kept.set(element, declaring)
    if (element.parent !== null) parents.add(element.parent as unknown as Parent)
  }
  for (const parent of parents) {
    parent.children = parent.children.flatMap((child) => kept.get(child) ?? [child])
    for (const [i, child] of parent.children.entries()) {
      child.parent = parent as unknown as Element
      child.prev = parent.children[i - 1] ?? null
      child.next = parent.children[i + 1] ?? null
    }
  }
  return { images, links }
}
