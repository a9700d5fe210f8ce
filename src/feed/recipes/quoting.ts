/** A text as a literal of Python: JSON's escapes mean the same there. Pure. */
export function pythonText(text: string): string {
  return JSON.stringify(text)
}

/** A text that brace expansion gives back as it is, and that no '::' cuts in two: what stands behind a backslash means nothing. Pure. */
export function unexpanded(text: string): string {
  return text.replace(/[\\{}]/g, '\\$&').replace(/:(?=:)/g, ':\\')
}

/** Why a place cannot be pasted into anything; null = it can. Pure. */
export function placeProblem(place: string): string | null {
  const [character] = /[\p{Cc}\p{Cf}\u2028\u2029]/u.exec(place) ?? []
  if (character === undefined) return null
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `${place} has a character in its name that is not seen (U+${code}), and no line can be pasted with it: rename the folder`
}
