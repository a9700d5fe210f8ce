/** Parts of a browser's own types that are used here: their library would give every file of this program a `document`. */
interface DomNode {
  readonly nodeType: number
  readonly nodeValue: string | null
  readonly textContent: string | null
  readonly childNodes: Iterable<DomNode>
}
interface DomElement extends DomNode {
  readonly localName: string
  readonly shadowRoot: DomNode | null
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>
  readonly type?: string
  assignedNodes?(): readonly DomNode[]
}
declare const document: { readonly baseURI: string; readonly documentElement: DomElement | null }

/** A document as it stands in the browser. */
export interface Snapshot {
  readonly html: string
  /** More was there than may be taken. */
  readonly isCut: boolean
  /** Base of its relative URLs. */
  readonly base: string
}

/**
 * Runs in the page, in a world of its own that the page's scripts cannot reach: writes the document as it is shown, shadow roots in
 * place of what they hide and slots filled, as HTML that reads the same without a script. Scripts but JSON-LD, styles and drawings are left
 * out. It must use nothing from outside of itself.
 */
export function takeSnapshot(maxChars: number): Snapshot {
  const voids = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/
  const leftOut = /^(?:script|style|svg|template|canvas|object)$/
  const [elementNode, textNode] = [1, 3]
  const parts: string[] = []
  let length = 0
  const put = (text: string) => {
    parts.push(text)
    length += text.length
  }
  const inText = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
  const inAttribute = (text: string) =>
    text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;')
  const childrenOf = (element: DomElement): readonly DomNode[] => {
    if (element.shadowRoot !== null) return [...element.shadowRoot.childNodes]
    const assigned = (element.localName === 'slot' && element.assignedNodes?.()) || []
    return assigned.length > 0 ? assigned : [...element.childNodes]
  }
  // Nodes still to be written, the next one last; texts are written as they stand.
  const stack: (DomNode | string)[] = document.documentElement === null ? [] : [document.documentElement]
  while (stack.length > 0 && length <= maxChars) {
    const next = stack.pop()
    if (next === undefined) break
    if (typeof next === 'string') {
      put(next)
    } else if (next.nodeType === textNode) {
      put(inText(next.nodeValue ?? ''))
    } else if (next.nodeType === elementNode) {
      const element = next as DomElement
      const name = element.localName
      const isData = name === 'script' && /^\s*application\/ld\+json/i.test(element.type ?? '')
      if (leftOut.test(name) && !isData) continue
      put(`<${name}`)
      for (const { name: attribute, value } of element.attributes) {
        // An image within the page itself (data:) is no source, and may be megabytes.
        const isInline = value.length > 1000 && /^\s*(?:data|blob):/i.test(value)
        if (!isInline && attribute !== 'srcdoc') put(` ${attribute}="${inAttribute(value)}"`)
      }
      put('>')
      if (voids.test(name)) continue
      if (isData || name === 'noscript') {
        put(`${element.textContent ?? ''}</${name}>`)
        continue
      }
      if (name === 'iframe' || name === 'frame') {
        put(`</${name}>`)
        continue
      }
      stack.push(`</${name}>`)
      const children = childrenOf(element)
      for (let i = children.length - 1; i >= 0; i--) {
        const child = children[i]
        if (child !== undefined) stack.push(child)
      }
    }
  }
  return { html: parts.join(''), isCut: stack.length > 0, base: document.baseURI }
}

declare const window: { pairmillChangedMs?: number }
declare const performance: { now(): number }
declare const MutationObserver: new (
  changed: () => void,
) => { observe(target: unknown, options: Readonly<Record<string, boolean>>): void }

/** Runs in the page as takeSnapshot does: how long its document has not changed, in ms; it is watched from the first call on. */
export function unchangedMs(): number {
  if (window.pairmillChangedMs === undefined) {
    window.pairmillChangedMs = performance.now()
    const watched = { childList: true, subtree: true, attributes: true, characterData: true }
    new MutationObserver(() => {
      window.pairmillChangedMs = performance.now()
    }).observe(document, watched)
  }
  return performance.now() - (window.pairmillChangedMs ?? 0)
}

interface Scrollable {
  readonly scrollHeight: number
  readonly clientHeight: number
  scrollTop: number
}
declare const getComputedStyle: (element: Scrollable) => { readonly overflowY: string }

/**
 * Runs in the page as takeSnapshot does: scrolls it on by most of a screen, and what else within it can be scrolled. False = all of it stands at
 * its end.
 */
export function scrollOn(): boolean {
  const page = document as unknown as {
    readonly scrollingElement: Scrollable | null
    querySelectorAll(selector: string): Iterable<Scrollable>
  }
  const scrollables: Scrollable[] = page.scrollingElement === null ? [] : [page.scrollingElement]
  let looked = 0
  for (const element of page.querySelectorAll('div, main, section, ul')) {
    if (++looked > 2000 || scrollables.length > 5) break
    const isLong = element.clientHeight > 200 && element.scrollHeight > element.clientHeight + 50
    if (isLong && /auto|scroll/.test(getComputedStyle(element).overflowY)) scrollables.push(element)
  }
  let moved = false
  for (const element of scrollables) {
    const before = element.scrollTop
    element.scrollTop = before + Math.max(element.clientHeight * 0.8, 200)
    if (element.scrollTop > before) moved = true
  }
  return moved
}
