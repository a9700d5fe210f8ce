/**
 * Milliseconds since the epoch as the system's clock had them at the start, and steadily on from there: a clock that is set while the
 * process runs stretches no wait and shortens no delay. It does not follow the setting; a sleep of the machine is not counted. Whole
 * ones: what is reckoned with them goes into a backend, which keeps no fractions.
 */
export function steadyClock(): () => number {
  const startMs = Date.now() - performance.now()
  return () => Math.round(startMs + performance.now())
}
