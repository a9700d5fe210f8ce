export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What /metrics says, in Prometheus' text format. */
export function samplesOf(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (found === null) return []
    const [, name = '', labels = '', value = ''] = found
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text])
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })
}

export function samplesNamed(text: string, name: string): Sample[] {
  return samplesOf(text).filter((sample) => sample.name === name)
}

/** The one sample with all the labels and no others; null = there is none. */
export function sampleValue(text: string, name: string, labels: Record<string, string> = {}): number | null {
  const same = (sample: Sample) =>
    Object.keys(sample.labels).length === Object.keys(labels).length &&
    Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  return samplesNamed(text, name).find(same)?.value ?? null
}

/** Names of the metrics that are described, with those of their parts where they are histograms or summaries. */
export function metricNames(text: string): ReadonlySet<string> {
  const described = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  return new Set(
    described.flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  )
}
