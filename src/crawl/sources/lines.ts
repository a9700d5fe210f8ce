import { maxRecordLength } from './csv.js'

/** One line that is not blank, without its end. `why`: it cannot be read. */
type TextLine =
  | { readonly line: number; readonly text: string }
  | { readonly line: number; readonly why: string }

interface LineParser {
  push(text: string): TextLine[]
  finish(): TextLine[]
}

/** Cuts a text into lines as it arrives; no line is held beyond the length of a record. */
export function createLineParser(): LineParser {
  let line = 1
  let held = ''
  let skipping = false
  const endOf = (text: string): TextLine[] => {
    const trimmed = text.trim()
    return trimmed === '' ? [] : [{ line, text: trimmed }]
  }
  return {
    push: (text) => {
      const lines: TextLine[] = []
      let at = 0
      for (;;) {
        const end = text.indexOf('\n', at)
        const piece = text.slice(at, end < 0 ? text.length : end)
        if (!skipping) {
          held += piece
          if (held.length > maxRecordLength) {
            lines.push({ line, why: 'the line is too long' })
            held = ''
            skipping = true
          }
        }
        if (end < 0) return lines
        if (!skipping) lines.push(...endOf(held))
        held = ''
        skipping = false
        line++
        at = end + 1
      }
    },
    finish: () => (skipping ? [] : endOf(held)),
  }
}
