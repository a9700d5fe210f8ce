/**
 * The counters of a run with `candidates_known`: what was seen with a text and is no candidate, for the run knew it already. Taken from the two
 * counters of which it is the difference, and not counted beside them: where a commit goes in several steps, and the process dies between them,
 * what its first steps brought is known when it is seen again, and yet a candidate of its own. So it adds up whatever was done twice. Pure.
 */
export function withKnown(counters: Readonly<Record<string, number>>): Record<string, number> {
  const known = (counters.candidates_seen ?? 0) - (counters.candidates ?? 0)
  // Below 0 in the moment between two such steps, and in a run that an early version began.
  return known > 0 ? { ...counters, candidates_known: known } : { ...counters }
}
