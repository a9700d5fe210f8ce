/**
 * A URL without what its host says already: h and s for http:// and https:// with the host behind them, x where that is not how it
 * begins.
 */
export function placeOf(url: string, host: string): string {
  if (url.startsWith(`http://${host}`)) return `h${url.slice(7 + host.length)}`
  if (url.startsWith(`https://${host}`)) return `s${url.slice(8 + host.length)}`
  return `x${url}`
}

export function urlAt(place: string, host: string): string {
  const tail = place.slice(1)
  if (place.startsWith('h')) return `http://${host}${tail}`
  return place.startsWith('s') ? `https://${host}${tail}` : tail
}
