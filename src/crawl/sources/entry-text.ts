import { parseDocument } from '../extract/document.js'
import { textOf } from '../extract/text.js'
import { atOnce } from '../steps.js'

type Attributes = Readonly<Record<string, string>>

/** Characters of one element, and the elements in them as the HTML that they are. */
export class EntryText {
  readonly #maxLength: number
  readonly #type: string
  #text = ''
  #html = ''
  #hasElements = false

  /** `attributes`: of the element; its `type` is Atom's (RFC 4287, 3.1.1) and that of Media RSS. */
  constructor(attributes: Attributes, maxLength: number) {
    this.#maxLength = maxLength
    this.#type = attributes.type?.trim().toLowerCase() ?? ''
  }

  open(name: string, attributes: Attributes): void {
    this.#hasElements = true
    const said = Object.entries(attributes).map(([key, value]) => ` ${key.toLowerCase()}="${escaped(value)}"`)
    const tag = `<${name}${said.join('')}>`
    if (this.#html.length + tag.length <= this.#maxLength) this.#html += tag
  }

  write(piece: string): void {
    const text = piece.slice(0, Math.max(this.#maxLength - this.#text.length, 0))
    this.#text += text
    this.#html += escaped(text)
  }

  close(name: string): void {
    if (!empty.has(name) && this.#html.length <= this.#maxLength) this.#html += `</${name}>`
  }

  /** The HTML that the element holds, as elements or as text; null = it holds none. */
  html(): string | null {
    if (this.#hasElements) return this.#html
    return plainTypes.has(this.#type) || !this.#text.includes('<') ? null : this.#text
  }

  /** Readable text of the element. */
  plain(): string {
    if (this.#hasElements) return readable(this.#html)
    return markedTypes.has(this.#type) ? readable(this.#text) : this.#text
  }
}

/** Types of a text in which `<` is a sign like any other. */
const plainTypes: ReadonlySet<string> = new Set(['text', 'plain', 'text/plain'])
/** Types of a text that is HTML. */
const markedTypes: ReadonlySet<string> = new Set(['html', 'xhtml', 'text/html', 'application/xhtml+xml'])
/** Elements that have no end tag in HTML. */
const empty: ReadonlySet<string> = new Set(
  'area base br col embed hr img input link meta source track wbr'.split(' '),
)

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

function readable(html: string): string {
  return atOnce(parseDocument(html))
    .children.map((node) => textOf(node))
    .join('')
}
