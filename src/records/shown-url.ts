/** Stands for what is not shown. */
const struck = '***'

/**
 * A URL that a person gave, or what was meant to be one, as it may be printed and published: without user and password, without the values of
 * its query, without its fragment. Of a fleet's URL the prefix is kept, which is a name. Where it cannot be told what is a password, all behind
 * the scheme goes. Paths of files stay as they are. Idempotent. Pure.
 */
export function shownUrl(text: string): string {
  if (/^\.{0,2}\/(?!\/)/.test(text)) return text
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:[\\/]+|)([\s\S]*)$/i.exec(text) ?? []
  const end = rest.search(/[\\/?#]|$/)
  const authority = rest.slice(0, end)
  const behind = rest.slice(end)
  const isFleet = /^rediss?:/i.test(scheme)
  // A password with a slash or question mark in it ends the host too soon.
  const isDoubtful = scheme !== '' && behind.includes('@') && (isFleet || !URL.canParse(text))
  if (isDoubtful) return `${scheme}${struck}`
  return `${scheme}${withoutUser(authority, scheme)}${withoutValues(behind, isFleet)}`
}

/** Without a scheme only what holds a password too is no address of e-mail. */
function withoutUser(authority: string, scheme: string): string {
  const isLogin = scheme !== '' || (/:[^@]*@/.test(authority) && !/^mailto:/i.test(authority))
  return isLogin ? authority.replace(/^[\s\S]*@/, `${struck}@`) : authority
}

function withoutValues(behind: string, isFleet: boolean): string {
  const [, path = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#[\s\S]*)?$/.exec(behind) ?? []
  const values = query.replace(/([?&;])(?:([^=&;]*=)?([^&;]+))/g, (whole, mark: string, name = '') =>
    isFleet && /^.prefix=[\w.-]{1,40}$/.test(whole) ? whole : `${mark}${name}${struck}`,
  )
  return `${path}${values}${fragment.length > 1 ? `#${struck}` : ''}`
}

/** Where something lies that a dataset was made of, as the dataset says it: of a file or folder of its maker's machine the name alone. Pure. */
export function publishedPlace(place: string): string {
  if (!place.startsWith('/')) return shownUrl(place)
  const end = place.endsWith('/') ? '/' : ''
  return `${place.replace(/\/+$/, '').replace(/^.*\//s, '')}${end}`
}

/** Parameters whose value lets somebody in: by the end of their names, or by all of it. */
const secretEnd =
  '[\\w.-]*(?:signature|credentials?|token|secret|passw(?:or)?d|passphrase|pwd|api-?key|access-?key(?:-?id)?|session(?:-?id)?|jwt|hmac)'
const secretNames = 'sig|auth|authorization|key|pass|policy|sid|hdn[aet]a|hdnts'
const secretParameter = new RegExp(`([?&;](?:${secretEnd}|${secretNames})=)[^\\s&;"'<>]+`, 'gi')

/**
 * A text about anything without the user and password of the URLs in it, without the values of parameters that let somebody in, and without any
 * parameter of a fleet's URL but its prefix. A URL that a person gave is struck out more strictly, by `shownUrl`, before it comes into a text. Pure.
 */
export function withoutSecrets(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:[\\/]+)[^\s/?#"<>]*@/gi, `$1${struck}@`)
    .replace(/\brediss?:\/\/[^\s"'<>]*\?[^\s"'<>]*/gi, shownUrl)
    .replace(secretParameter, `$1${struck}`)
}

/** Secrets in a URL that must not be seen where they stand alone, as in a server's answer. Pure. */
export function secretsOf(url: string): readonly string[] {
  if (!URL.canParse(url)) return []
  const { password, searchParams } = new URL(url)
  const values = [
    password,
    decodedOr(password),
    ...[...searchParams].map(([name, value]) => (name === 'prefix' ? '' : value)),
  ]
  return values.filter((value) => value.length >= leastSecret)
}

/** A shorter one would be found in every word. */
const leastSecret = 4

/** A text without those values. Pure. */
export function withoutValuesOf(text: string, secrets: readonly string[]): string {
  return secrets.reduce((left, secret) => left.replaceAll(secret, struck), text)
}

function decodedOr(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
