/** Two columns wide on a terminal; nearly all that Unicode's East Asian Width calls wide, and pictographs. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u
/** Marks that stand on the character before them. */
const mark = /\p{Mn}|\p{Me}/u

function charWidth(char: string): number {
  if (char < '\u0300') return 1
  if (mark.test(char)) return 0
  return wide.test(char) ? 2 : 1
}

/** Columns that a plain text takes on a terminal. */
export function textWidth(text: string): number {
  let width = 0
  for (const char of text) width += charWidth(char)
  return width
}

/** As much of a plain text as fits, with an ellipsis where it is cut. `columns`: at least 1. */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  let width = 0
  let cut = ''
  for (const char of text) {
    width += charWidth(char)
    if (width > columns - 1) break
    cut += char
  }
  return `${cut}…`
}
