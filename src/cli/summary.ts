import { openClipRecipe, type RecipeFacts, type RecipeSet, webdatasetLinks } from '../feed/index.js'
import type { RunOptions } from '../options/index.js'
import { isS3Url, shellQuoted } from '../records/index.js'
import type { RunEnd, RunSnapshot } from '../run/index.js'
import { formatDuration } from '../timing/index.js'
import { formatBytes, formatCount, formatShare, labelled, page, table, total } from './figures.js'
import { scoreHistogram } from './histogram.js'
import { inputSections } from './input-sections.js'
import type { Paper } from './progress-lines.js'
import {
  imageSkipExplanations,
  linkSkipExplanations,
  pageSkipExplanations,
  recordSkipExplanations,
  rejectExplanations,
  renderExplanations,
  rowSkipExplanations,
} from './reasons.js'
import { countOf, judgedOf } from './watched.js'

type FinishedRun = Exclude<RunEnd, { readonly kind: 'refused' | 'unbegun' }>

/** The options that the summary speaks of. */
type SummaryOptions = Pick<RunOptions, 'threshold' | 'imageFormat' | 'out'>

/** Summary of a run, for people: the end, the funnel, the reasons, the scores, the dataset, what to do next. */
export function renderSummary(end: FinishedRun, options: SummaryOptions, paper: Paper): string {
  const { snapshot } = end
  const sections = [
    headline(end),
    ...inputSections(end.kind === 'interrupted' ? {} : end),
    ...funnelSections(snapshot),
    scoreSection(snapshot, options.threshold, paper),
    datasetSection(end, options),
  ]
  return page(sections)
}

/** The funnel with its reasons; `status` shows it too. */
export function funnelSections(snapshot: Pick<RunSnapshot, 'counters'>): readonly (readonly string[])[] {
  const { counters } = snapshot
  return [
    funnel(snapshot),
    reasons('Rows of lists left out', labelled(counters, 'row_skipped'), rowSkipExplanations),
    reasons(
      'Records of archives without pages',
      labelled(counters, 'record_skipped'),
      recordSkipExplanations,
    ),
    reasons('Pages left out', labelled(counters, 'page_skipped'), pageSkipExplanations),
    reasons('Links left out', labelled(counters, 'link_skipped'), linkSkipExplanations),
    reasons('Renders that failed', labelled(counters, 'render_failed'), renderExplanations),
    reasons('Images left out on their page', labelled(counters, 'image_skipped'), imageSkipExplanations),
    reasons('Candidates rejected', labelled(counters, 'rejected'), rejectExplanations),
    tags(snapshot),
  ]
}

function headline(end: FinishedRun): readonly string[] {
  const { snapshot } = end
  const pairs = amount(countOf(snapshot, 'kept'), 'pair')
  const shards = amount(countOf(snapshot, 'shards'), 'shard')
  const elapsed = formatDuration(snapshot.elapsedMs)
  if (end.kind === 'done') return [`Done after ${elapsed}: ${pairs} in ${shards}.`]
  if (end.kind === 'limit') {
    return [
      `Stopped at the limit --${end.limit} after ${elapsed}: ${pairs} in ${shards}.`,
      `Everything found so far is in shards. To go on, run the same command with a higher --${end.limit}.`,
    ]
  }
  const { unplanned } = snapshot.queues
  return [
    `Interrupted after ${elapsed}: ${pairs} kept, ${shards} written.`,
    ...(unplanned > 0
      ? [`${amount(unplanned, 'kept pair')} will be put into shards when the run goes on.`]
      : []),
    'What was under way is committed. The same command goes on from here.',
  ]
}

function funnel(snapshot: Pick<RunSnapshot, 'counters'>): readonly string[] {
  const count = (name: string) => countOf(snapshot, name)
  const candidates = count('candidates')
  const images = count('images_seen') + count('images_named')
  const known = count('candidates_known')
  const joined = count('list_row_joined')
  const waiting = candidates - judgedOf(snapshot)
  const share = (part: number, whole: number, of: string) =>
    whole > 0 ? [formatShare(part, whole), `of ${of}`] : ['', '']
  const bytes = (name: string) => (count(name) > 0 ? formatBytes(count(name)) : '')
  const rows = [
    ...(count('rows') > 0 ? [['rows of lists', count('rows'), '', '']] : []),
    ...(joined > 0 ? [['joined with earlier ones', joined, ...share(joined, count('rows'), 'rows')]] : []),
    ...(count('records') > 0
      ? [
          ['records of archives', count('records'), '', ''],
          ['pages in them', count('archive_pages'), '', ''],
        ]
      : []),
    ['pages', count('pages'), '', '', bytes('page_bytes')],
    ...(count('pages_rendered') > 0
      ? [
          [
            'seen by a browser',
            count('pages_rendered'),
            ...share(count('pages_rendered'), count('pages'), 'pages'),
            bytes('render_bytes'),
          ],
        ]
      : []),
    ['images on them', images, '', ''],
    ...(known > 0 ? [['known already', known, ...share(known, images, 'images')]] : []),
    ['candidates', candidates, ...share(candidates, images, 'images')],
    [
      'images fetched',
      count('images_fetched'),
      ...share(count('images_fetched'), candidates, 'candidates'),
      bytes('image_bytes'),
    ],
    ['pairs kept', count('kept'), ...share(count('kept'), candidates, 'candidates')],
    ...(waiting > 0 ? [['not judged yet', waiting, ...share(waiting, candidates, 'candidates')]] : []),
  ]
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? formatCount(cell) : cell)))
  return ['From pages to pairs', ...table(cells, ['left', 'right', 'right', 'left', 'right'])]
}

function reasons(
  title: string,
  counts: readonly (readonly [label: string, count: number])[],
  explanations: Readonly<Record<string, string>>,
): readonly string[] {
  if (counts.length === 0) return []
  const all = counts.reduce((sum, [, count]) => sum + count, 0)
  const rows = counts.map(([label, count]) => [
    label,
    formatCount(count),
    formatShare(count, all),
    explanations[label] ?? '',
  ])
  return [`${title}: ${formatCount(all)}`, ...table(rows, ['left', 'right', 'right', 'left'])]
}

function tags({ counters }: Pick<RunSnapshot, 'counters'>): readonly string[] {
  const scored = total(counters, 'score')
  const rows = labelled(counters, 'tagged').map(([label, count]) => [
    label,
    formatCount(count),
    formatShare(count, scored),
  ])
  if (rows.length === 0) return []
  return [`Tags, of ${amount(scored, 'scored pair')}`, ...table(rows, ['left', 'right', 'right'])]
}

function scoreSection(snapshot: RunSnapshot, threshold: number | null, paper: Paper): readonly string[] {
  const { model } = snapshot
  const lines = scoreHistogram(snapshot.counters, threshold ?? model?.threshold ?? null, {
    barColumns: Math.max(10, Math.min(50, paper.columns - 40)),
    unicode: paper.unicode,
  })
  if (lines.length === 0) return []
  return [
    `Scores: cosine similarity of image and caption${model === null ? '' : ` by ${model.id}`}`,
    ...(model?.isClip === false
      ? ['  (not a CLIP model: its scores and thresholds cannot be compared with those of one)']
      : []),
    ...lines,
  ]
}

function datasetSection(end: FinishedRun, options: SummaryOptions): readonly string[] {
  const { snapshot } = end
  const shards = countOf(snapshot, 'shards')
  const verify = ['check it', `pairmill verify ${shellQuoted(options.out)}`]
  const look = [
    'look at it',
    `pairmill report ${shellQuoted(options.out)}${isS3Url(options.out) ? ' --out report.html' : ''}`,
  ]
  const place = `Dataset: ${snapshot.dataset}`
  if (shards === 0) {
    if (end.kind === 'interrupted') return [place, '  no shard yet']
    return judgedOf(snapshot) === 0
      ? [place, '  no image with a text was found; the counts above say why']
      : [place, '  no pair was kept; ledger.parquet lists every candidate with its reason']
  }
  if (end.kind === 'interrupted') return [place, ...table([verify], ['left', 'left'])]
  const facts = feedFacts(options, shards, countOf(snapshot, 'kept'))
  return [
    place,
    ...table(
      [
        look,
        verify,
        ['open_clip', ...openClipRecipe(facts).lines],
        ['webdataset', webdatasetLinks(facts).join('')],
        ['others', `pairmill feed ${shellQuoted(options.out)}`],
      ],
      ['left', 'left'],
    ),
  ]
}

/** For one GPU, with a shard for each worker. */
function feedFacts({ out, imageFormat }: SummaryOptions, shards: number, samples: number): RecipeFacts {
  const set: RecipeSet = {
    place: isS3Url(out) ? { kind: 's3', url: out, endpoint: null } : { kind: 'folder', path: out },
    shards: Array.from({ length: shards }, (_, shard) => shard),
    ...{ samples, format: imageFormat, complete: true, weight: null, signed: null },
  }
  return { sets: [set], validation: null, gpus: 1, workers: Math.min(4, shards), captions: null }
}

export function amount(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
