import { messageOf } from './error-message.js'

/** null = the pattern can be used; else what is wrong with it, for people. */
export function patternError(pattern: string): string | null {
  if (pattern === '') return 'the pattern is empty'
  const source = regexSource(pattern)
  if (source === null) return null
  try {
    new RegExp(source, 'u')
    return null
  } catch (error) {
    return messageOf(error)
  }
}

/** Throws on a pattern that `patternError` names. */
export function patternMatches(pattern: string, url: string): boolean {
  const source = regexSource(pattern)
  return source === null ? globMatches(pattern, url) : new RegExp(source, 'u').test(url)
}

function regexSource(pattern: string): string | null {
  return pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/') ? pattern.slice(1, -1) : null
}

/** Greedy with one point of return: at most pattern x text steps, where a regular expression may take far more. */
function globMatches(glob: string, text: string): boolean {
  let g = 0
  let t = 0
  let starAt = -1
  let resumeAt = 0
  while (t < text.length) {
    if (g < glob.length && glob[g] === '*') {
      starAt = g++
      resumeAt = t
    } else if (g < glob.length && (glob[g] === '?' || glob[g] === text[t])) {
      g++
      t++
    } else if (starAt >= 0) {
      g = starAt + 1
      t = ++resumeAt
    } else {
      return false
    }
  }
  while (g < glob.length && glob[g] === '*') g++
  return g === glob.length
}
