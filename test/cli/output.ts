import type { Output } from '../../src/cli/output.js'

/** An output that keeps what is written. */
export function paper(isTerminal = false, columns = 80): Output & { readonly text: () => string } {
  let written = ''
  return {
    write(text) {
      written += text
    },
    isTerminal,
    columns: () => columns,
    text: () => written,
  }
}
