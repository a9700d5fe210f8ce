import type { Count, DatasetStats, Distribution } from '../query/index.js'
import { formatBytes, formatCount, formatShare, page, table } from './figures.js'
import { rejectExplanations } from './reasons.js'
import { amount } from './summary.js'
import { cutText } from './text-width.js'

interface StatsStyle {
  readonly unicode: boolean
}

/** Columns of a terminal that has the fewest; a line of the figures has no more. */
const paperColumns = 80
const barColumns = 40

/** Figures of a dataset for people, in sections; one that has nothing to say is left out. Pure. */
export function renderStats(dir: string, stats: DatasetStats, style: StatsStyle): string {
  const { kept } = stats.funnel
  const spread = (title: string, of: Distribution | null, digits: number) =>
    distribution(title, of, digits, style)
  return page([
    [`${dir}: ${contents(stats)}`],
    funnel(stats),
    counts('Candidates rejected', stats.reasons, sum(stats.reasons), rejectExplanations),
    spread('Score of the pairs: cosine of picture and caption', stats.scores, 2),
    scoreSpreads(stats),
    thresholds(stats),
    spread('Shorter side of the pictures as fetched, in pixels', stats.sides, 0),
    spread('Width by height', stats.aspects, 2),
    spread('Characters of the captions', stats.captionLengths, 0),
    counts('Languages of the captions', stats.languages.slice(0, mostNames), kept),
    hosts('Hosts of the pages', stats.pageHosts, kept),
    hosts('Hosts of the pictures', stats.imageHosts, kept),
    captionSources(stats),
    duplicates(stats),
  ])
}

const mostNames = 15

function contents({ shards, bytes, funnel }: DatasetStats): string {
  const tars = `${formatBytes(bytes.tars)} of tars, ${formatBytes(bytes.files)} in all`
  return `${amount(funnel.kept, 'pair')} in ${amount(shards, 'shard')}; ${tars}`
}

function funnel({ funnel, bytes }: DatasetStats): readonly string[] {
  const { pages, outcomes, found, candidates, fetched, scored, kept } = funnel
  const read = outcomes.find(({ name }) => name === 'read')?.count ?? 0
  const line = (name: string, count: number, whole: number, of: string, more = '') => [
    name,
    formatCount(count),
    formatShare(count, whole),
    whole > 0 ? `of ${of}` : '',
    more,
  ]
  const rows = [
    ...(pages === 0
      ? []
      : [
          line('pages', pages, 0, ''),
          line('read', read, pages, 'pages'),
          line('pictures with captions on them', found, 0, ''),
        ]),
    line('candidates', candidates, 0, ''),
    line('fetched', fetched, candidates, 'candidates'),
    ...(scored === 0 ? [] : [line('scored', scored, candidates, 'candidates')]),
    line('kept', kept, candidates, 'candidates', formatBytes(bytes.pictures)),
  ]
  return ['What became of it', ...table(rows, ['left', 'right', 'right', 'left', 'right'])]
}

function counts(
  title: string,
  of: readonly Count[],
  whole: number,
  explanations: Readonly<Record<string, string>> = {},
): readonly string[] {
  if (of.length === 0) return []
  const rows = of.map(({ name, count }) => [
    cutText(name ?? 'none', 40),
    formatCount(count),
    formatShare(count, whole),
    explanations[name ?? ''] ?? '',
  ])
  return [title, ...cutLines(table(rows, ['left', 'right', 'right', 'left']))]
}

function hosts(title: string, { hosts, top }: DatasetStats['pageHosts'], kept: number): readonly string[] {
  if (hosts === 0) return []
  const rest = hosts - top.filter(({ name }) => name !== null).length
  const more = rest > 0 ? [`  and ${amount(rest, 'host')} more`] : []
  return [...counts(`${title}: ${formatCount(hosts)}`, top, kept), ...more]
}

function distribution(
  title: string,
  of: Distribution | null,
  digits: number,
  { unicode }: StatsStyle,
): readonly string[] {
  if (of === null) return []
  const figure = (value: number) => value.toFixed(digits)
  const names = ['least', '5 %', '25 %', 'median', '75 %', '95 %', 'most']
  const values = [of.min, of.p5, of.p25, of.p50, of.p75, of.p95, of.max].map(figure)
  const digitsOfStep = of.step < 0.1 ? 2 : of.step < 1 ? 1 : 0
  const edge = (value: number) => value.toFixed(digitsOfStep).replace(/^-(?=[0.]+$)/, '')
  const end = (of.bins.at(-1)?.from ?? 0) + of.step
  const bins = [
    ...(of.below > 0 ? [[`below ${edge(of.bins[0]?.from ?? 0)}`, of.below] as const] : []),
    ...of.bins.map(({ from, count }) => [edge(from), count] as const),
    ...(of.above > 0 ? [[`${edge(end)} and on`, of.above] as const] : []),
  ]
  const largest = Math.max(...bins.map(([, count]) => count))
  const lines = bins.map(([name, count]) => {
    const length = count === 0 ? 0 : Math.max(1, Math.round((barColumns * count) / largest))
    return [name, formatCount(count), (unicode ? '█' : '#').repeat(length)]
  })
  return [
    title,
    ...table(
      [names, values],
      names.map(() => 'right' as const),
    ),
    ...table(lines, ['right', 'right', 'left']),
  ]
}

function scoreSpreads({ scoreSpreads }: DatasetStats): readonly string[] {
  if (scoreSpreads.length === 0) return []
  const rows = scoreSpreads.map(({ language, count, p5, p25, p50, p75, p95 }) => [
    language ?? 'all',
    formatCount(count),
    ...[p5, p25, p50, p75, p95].map((value) => value.toFixed(3)),
  ])
  const head = ['language', 'pairs', '5 %', '25 %', 'median', '75 %', '95 %']
  return [
    'Scores by language',
    ...table([head, ...rows], ['left', ...head.slice(1).map(() => 'right' as const)]),
  ]
}

function thresholds({ thresholds, scoreSpreads }: DatasetStats): readonly string[] {
  if (thresholds.length === 0) return []
  const rows = scoreSpreads.map(({ language, keeps }) => [
    language ?? 'all',
    ...keeps.map((share) => formatShare(share, 1)),
  ])
  const head = ['threshold', ...thresholds.map((one) => one.toFixed(2))]
  return [
    'Pairs that a threshold would keep',
    ...table([head, ...rows], ['left', ...thresholds.map(() => 'right' as const)]),
  ]
}

function captionSources({ captionSources, funnel }: DatasetStats): readonly string[] {
  if (captionSources.length === 0) return []
  const rows = captionSources.map(({ source, captions, texts, meanScore }) => [
    source,
    formatCount(captions),
    formatShare(captions, funnel.kept),
    formatCount(texts),
    meanScore === null ? '' : meanScore.toFixed(3),
  ])
  const head = ['source', 'captions', '', 'texts', 'mean score']
  return ['Where captions stood', ...table([head, ...rows], ['left', 'right', 'right', 'right', 'right'])]
}

function duplicates({ duplicates }: DatasetStats): readonly string[] {
  const { groups, rows, sizes, largest, samePhash } = duplicates
  const same =
    samePhash > 0 ? [`  ${amount(samePhash, 'pair')} share a perceptual hash with another pair`] : []
  if (groups === 0) return same.length === 0 ? [] : ['Duplicates', ...same]
  const shown = sizes.slice(0, 6).map(({ size, groups }) => [`${size} times`, amount(groups, 'picture')])
  const more = sum(sizes.slice(6).map(({ groups }) => ({ count: groups })))
  const rest = more > 0 ? [['more often', amount(more, 'picture')]] : []
  const most = largest.map(({ key, caption, size }) => [key ?? '', `${size} times`, caption])
  return [
    `Duplicates: ${amount(rows, 'candidate')} repeat ${amount(groups, 'kept picture')}`,
    ...table([...shown, ...rest], ['right', 'right']),
    ...cutLines(table(most, ['left', 'right', 'left'])),
    ...same,
  ]
}

const cutLines = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => cutText(line, paperColumns))

const sum = (of: readonly { readonly count: number }[]): number =>
  of.reduce((total, { count }) => total + count, 0)
