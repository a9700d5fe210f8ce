/** URLs that this process knows to be in the run's seen-set. It may forget any of them: the seen-set is the truth. */
export interface KnownUrls {
  has(url: string): boolean
  add(url: string): void
}

/**
 * Keeps between `max / 2` and `max` of the URLs last added. Most links of a site lead to pages that the pages before it led to as
 * well; who remembers that much need not ask the backend again.
 */
export function createKnownUrls(max: number): KnownUrls {
  let recent = new Set<string>()
  let older = new Set<string>()
  return {
    has: (url) => recent.has(url) || older.has(url),
    add: (url) => {
      recent.add(url)
      if (recent.size < max / 2) return
      older = recent
      recent = new Set()
    },
  }
}
