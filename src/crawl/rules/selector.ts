/** Selector of elements of which a text is taken. */
interface TextSelector {
  readonly elements: string
  /** Lower-case; null = the element's own text. */
  readonly attribute: string | null
}

const attributeAtEnd = /::attr\(\s*([a-z_][\w:.-]*)\s*\)$/i

/** `a.licence::attr(href)` in its two parts; without the second the text of the elements is meant. Pure. */
export function textSelector(given: string): TextSelector {
  const attribute = attributeAtEnd.exec(given)
  if (attribute === null) return { elements: given, attribute: null }
  return {
    elements: given.slice(0, attribute.index).trimEnd(),
    attribute: (attribute[1] ?? '').toLowerCase(),
  }
}
