import type { Document, Element, Node } from '../extract/document.js'
import type { Steps } from '../steps.js'

const nodesPerStep = 16

/** Every element under a root in document order, without recursion; what a template holds is no part of the page. `enter`: whether to go into it. */
export function* walk(
  root: Document | Element,
  enter: (element: Element) => boolean,
  leave: (element: Element) => void = () => {},
): Steps<void> {
  let node = firstIn(root)
  for (let nodes = 1; node !== null; nodes++) {
    if (nodes % nodesPerStep === 0) yield
    if ('attribs' in node) {
      const child = enter(node) ? firstIn(node) : null
      if (child !== null) {
        node = child
        continue
      }
      leave(node)
    }
    while (node !== null && node.next === null) {
      const parent: Node | Document | null = node.parent as Node | Document | null
      if (parent === null || parent === root) return
      node = parent as Node
      leave(node as Element)
    }
    node = node.next as Node | null
  }
}

function firstIn(parent: Document | Element): Node | null {
  return 'name' in parent && parent.name === 'template' ? null : ((parent.children[0] ?? null) as Node | null)
}

/** An element that leads to another page: the same ones as the walk over every page takes. */
export function isLink({ name, attribs }: Element): boolean {
  if (name === 'link') return /(?:^|\s)next(?:\s|$)/i.test(attribs.rel ?? '')
  return name === 'a' || name === 'area' || name === 'frame' || name === 'iframe'
}

/** As written; undefined = nowhere. */
export const linkOf = ({ name, attribs }: Element): string | undefined =>
  name === 'frame' || name === 'iframe' ? attribs.src : attribs.href
