import { Parser } from 'htmlparser2'

/** An ampersand that begins no reference: in a URL `&copy=2` is a parameter. The longest name of HTML has 31 letters. */
const strayOrQuote = /"|&(?!(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});)/gi

/** A text with its character references undone, once; those alone that have their semicolon. Pure. */
export function withoutReferences(text: string): string {
  if (!text.includes('&')) return text
  let plain = text
  const parser = new Parser({
    onattribute: (_, value) => {
      plain = value
    },
  })
  parser.end(`<a b="${text.replace(strayOrQuote, (one) => (one === '"' ? '&quot;' : '&amp;'))}">`)
  return plain
}
