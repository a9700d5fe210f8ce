import { templateError } from '../filter/index.js'

export type Lines =
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

/** A classes file: one name a line. Two names that differ in case alone are one to the model. `file` is for messages. */
export function parseClasses(bytes: Uint8Array, file: string): Lines {
  const names = linesOf(bytes)
  if (names === null) return noText(file)
  if (names.length === 0) return problem(`${file}: there is no class in it; expected one name a line`)
  const first = new Map<string, number>()
  const problems: string[] = []
  for (const { text, line } of names) {
    const before = first.get(text.toLowerCase())
    if (before === undefined) first.set(text.toLowerCase(), line)
    else problems.push(`${file} line ${line}: the class '${text}' stands on line ${before} already`)
  }
  return outcome(names, problems, file)
}

/** A templates file: one template a line, with `{}` for the class name. */
export function parseTemplates(bytes: Uint8Array, file: string): Lines {
  const templates = linesOf(bytes)
  if (templates === null) return noText(file)
  if (templates.length === 0) {
    return problem(`${file}: there is no template in it; expected one a line such as 'a photo of a {}.'`)
  }
  const problems = templates.flatMap(({ text, line }) => {
    const error = templateError(text)
    return error === null ? [] : [`${file} line ${line}: ${error}`]
  })
  return outcome(templates, problems, file)
}

interface Line {
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** Lines that are neither empty nor a comment, white space collapsed; null = the bytes are no text. */
function linesOf(bytes: Uint8Array): readonly Line[] | null {
  const text = decoded(bytes)
  if (text === null || text.includes('\0')) return null
  return text
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ text: line.trim().replace(/\s+/g, ' '), line: index + 1 }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'))
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

const mostListed = 20

function outcome(lines: readonly Line[], problems: readonly string[], file: string): Lines {
  if (problems.length === 0) return { kind: 'lines', lines: lines.map(({ text }) => text) }
  if (problems.length <= mostListed) return { kind: 'problems', problems }
  const more = `${file}: and ${problems.length - mostListed} more lines that cannot be used`
  return { kind: 'problems', problems: [...problems.slice(0, mostListed), more] }
}

const problem = (message: string): Lines => ({ kind: 'problems', problems: [message] })

const noText = (file: string): Lines => problem(`${file}: not a text file (it is not UTF-8)`)
