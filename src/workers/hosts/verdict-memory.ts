/** `judge` answers about a URL by what `source` says; it is not asked again while its answer is remembered. */
type VerdictMemory<Source extends object, Verdict> = (
  source: Source,
  url: string,
  judge: () => Verdict,
) => Verdict

/** Of each source the answers that were asked for last, at most `maxUrls`; they go with their source. */
export function createVerdictMemory<Source extends object, Verdict>(
  maxUrls: number,
): VerdictMemory<Source, Verdict> {
  const remembered = new WeakMap<Source, Map<string, { readonly verdict: Verdict }>>()
  return (source, url, judge) => {
    const ofSource = remembered.get(source) ?? new Map<string, { readonly verdict: Verdict }>()
    remembered.set(source, ofSource)
    const kept = ofSource.get(url) ?? { verdict: judge() }
    ofSource.delete(url)
    ofSource.set(url, kept)
    const oldest = ofSource.keys().next().value
    if (ofSource.size > maxUrls && oldest !== undefined) ofSource.delete(oldest)
    return kept.verdict
  }
}
