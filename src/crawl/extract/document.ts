import { DomHandler, Parser } from 'htmlparser2'
import type { Steps } from '../steps.js'

export type Document = DomHandler['root']
export type Node = Document['children'][number]
export type Element = Extract<Node, { attribs: unknown }>
export type Attributes = Readonly<Record<string, string>>

/**
 * The parser keeps its open elements in arrays that grow at the front, so its time is depth x tags: 5 MB of `<b>` would
 * take hours. Browsers go 512 deep.
 */
const maxDepth = 1000
/** Real pages of 5 MB have half as many; this is what bounds the time that one page can take. */
const maxElements = 200_000
/** Characters that are parsed in one step. */
const pieceLength = 16 * 1024

/**
 * Parses as a browser without scripting does (noscript is content). Where elements are more, or nested deeper, than in
 * any real page, reading stops, and what came before is the document.
 */
export function* parseDocument(html: string): Steps<Document> {
  const first = yield* parseOnce(html)
  if (!first.hasOddEnd) return first.root
  // Elsewhere neither end means anything.
  return (yield* parseOnce(html.replaceAll(oddEnd, '-->'))).root
}

/** Ends a comment too (HTML section 13.2.5.52), which the parser does not know. */
const oddEnd = '--!>'

function* parseOnce(text: string): Steps<BoundedHandler> {
  const handler = new BoundedHandler()
  const parser = new Parser(handler)
  for (let at = 0; at < text.length && !handler.isFull; at += pieceLength) {
    parser.write(text.slice(at, at + pieceLength))
    yield
  }
  parser.end()
  return handler
}

class BoundedHandler extends DomHandler {
  #parser: Parser | null = null
  #depth = 0
  #elements = 0
  /** Upper bound of the parser's second stack, of SVG and MathML contexts: only explicit end tags shorten it. */
  #foreign = 0
  /** Nothing more is taken. */
  isFull = false
  /** A comment holds what should have ended it. */
  hasOddEnd = false

  override onparserinit(parser: Parser): void {
    this.#parser = parser
    super.onparserinit(parser)
  }

  override onopentag(name: string, attributes: Record<string, string>): void {
    this.#depth++
    this.#elements++
    if (foreignNames.has(name)) this.#foreign++
    if (this.#depth > maxDepth || this.#foreign > maxDepth || this.#elements > maxElements) {
      this.isFull = true
      this.#parser?.pause()
    }
    super.onopentag(name, attributes)
  }

  override oncomment(data: string): void {
    this.hasOddEnd ||= data.includes(oddEnd)
    super.oncomment(data)
  }

  override onclosetag(name = '', implied = false): void {
    this.#depth--
    if (!implied && foreignNames.has(name)) this.#foreign--
    super.onclosetag()
  }
}

const foreignNames: ReadonlySet<string> = new Set([
  'svg',
  'math',
  'mi',
  'mo',
  'mn',
  'ms',
  'mtext',
  'annotation-xml',
  'foreignobject',
  'desc',
  'title',
])
