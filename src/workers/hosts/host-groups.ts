import { domainOf } from '../../crawl/index.js'

/** Hosts of one registrable domain, or of one address, that are busy at once over all workers: with pages, and as many with images. */
export const hostsPerGroup = 8

/** Rate-limit groups of a host: its registrable domain, and the place it is served from (null = not known). Pure. */
export function groupsOf(host: string, place: string | null): string[] {
  const domain = `domain:${domainOf(host)}`
  return place === null ? [domain] : [domain, `place:${place}`]
}
