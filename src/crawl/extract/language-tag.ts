/** BCP 47 tag, lower-case; null = none. A list of languages says for whom a page is, not what it is written in, and so says nothing here. */
export function languageTag(declared: string | null): string | null {
  const tag = declared?.trim().toLowerCase().replaceAll('_', '-') ?? ''
  return /^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/.test(tag) ? tag : null
}
