/** `12,345`. Pure. */
export const formatCount = (count: number): string => Math.round(count).toLocaleString('en-US')

/** `1 pair`, `2 pairs`. Pure. */
export const amount = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

/** `48.6 %`; `<0.1 %` of what is there and small; empty where there is no whole to be a part of. Pure. */
export function formatShare(part: number, whole: number): string {
  if (whole <= 0) return ''
  const percent = (100 * part) / whole
  if (part > 0 && percent < 0.05) return '<0.1 %'
  if (part < whole && percent >= 99.95) return '>99.9 %'
  return `${percent.toFixed(1)} %`
}

/** Decimal units: `12.3 MB`. Pure. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let left = bytes
  let unit = 0
  while (left >= 999.5 && unit < units.length - 1) {
    left /= 1000
    unit++
  }
  return `${unit === 0 || left >= 99.95 ? Math.round(left) : left.toFixed(1)} ${units[unit] ?? ''}`
}

/** A score of 28 hundredths as `0.28`. Pure. */
export const formatHundredths = (hundredths: number): string => (hundredths / 100).toFixed(2)

/** A figure without needless digits: `0.28`, `512`, `1.5`. Pure. */
export const formatFigure = (value: number): string =>
  Number.isInteger(value) ? formatCount(value) : String(Number(value.toFixed(2)))

/** `29 Nov 2026, 19:03 UTC`. Pure. */
export function formatTime(iso: string): string {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return iso
  const day = date.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  })
  return `${day}, ${date.toISOString().slice(11, 16)} UTC`
}
