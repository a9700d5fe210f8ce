import { Counter, Histogram, type Registry } from 'prom-client'
import {
  guardRefusals,
  type PageSkipReason,
  pageSkipReasons,
  renderFailures,
  type ScopeVerdict,
  trapReasons,
} from '../../crawl/index.js'
import { imageSkipReasons, optOuts, rejectReasons } from '../../records/index.js'
import { type RunSkipReason, runSkipReasons, seedsMoved } from '../../workers/index.js'

/** The metric of a flat counter such as `pages`. */
interface Plain {
  readonly name: string
  readonly help: string
}

/** The metric of a family of counters such as `rejected:score_low`. */
interface Family extends Plain {
  readonly label: string
  /** What may stand after the colon; anything else is counted as `other`. null = any text, up to `maxOpen` of them. */
  readonly known: ReadonlySet<string> | null
}

type OutOfScope = Exclude<ScopeVerdict, 'in'>
const outOfScope = [
  'out_of_scope',
  'too_deep',
  'excluded',
  'picture',
] as const satisfies readonly OutOfScope[]
/** Beside what a visit ends in: what the run itself leaves out. */
const pageReasons: readonly (PageSkipReason | OutOfScope | RunSkipReason)[] = [
  ...pageSkipReasons,
  ...outOfScope,
  ...runSkipReasons,
]

const plain: Readonly<Record<string, Plain>> = {
  pages: { name: 'pairmill_pages_total', help: 'Pages fetched and read.' },
  page_bytes: { name: 'pairmill_page_bytes_total', help: 'Bytes of pages, after decompression.' },
  page_retries: { name: 'pairmill_page_retries_total', help: 'Page fetches put off to be tried again.' },
  redirects: { name: 'pairmill_redirects_total', help: 'Pages that answered with a redirect.' },
  [seedsMoved]: {
    name: 'pairmill_seeds_moved_total',
    help: 'Redirects of seeds to another host.',
  },
  pages_rendered: {
    name: 'pairmill_pages_rendered_total',
    help: 'Pages that a browser looked at too, of those fetched and read.',
  },
  renders_paid: {
    name: 'pairmill_renders_paid_total',
    help: 'Renders that gave what the page as it was fetched did not have.',
  },
  render_candidates: {
    name: 'pairmill_render_candidates_total',
    help: 'Images with text that renders added to their pages.',
  },
  render_requests: { name: 'pairmill_render_requests_total', help: 'Requests of browsers that went out.' },
  render_bytes: {
    name: 'pairmill_render_bytes_total',
    help: 'Bytes that browsers were answered with, as sent.',
  },
  links: { name: 'pairmill_links_total', help: 'Links found on pages.' },
  images_seen: { name: 'pairmill_images_seen_total', help: 'Images found on pages.' },
  images_named: { name: 'pairmill_images_named_total', help: 'Images that the metadata of pages name.' },
  candidates_seen: {
    name: 'pairmill_candidates_seen_total',
    help: 'Images with text found on pages, known ones included.',
  },
  deferred: {
    name: 'pairmill_candidates_deferred_total',
    help: 'Candidates put off because their host was not ready.',
  },
  images_fetched: { name: 'pairmill_images_fetched_total', help: 'Images downloaded whole.' },
  image_bytes: {
    name: 'pairmill_image_bytes_total',
    help: 'Bytes of image downloads, given up ones included.',
  },
  kept: { name: 'pairmill_pairs_kept_total', help: 'Pairs kept.' },
  pairs_written: { name: 'pairmill_pairs_written_total', help: 'Pairs in committed shards.' },
  shards: { name: 'pairmill_shards_total', help: 'Shards committed.' },
  shard_bytes: { name: 'pairmill_shard_bytes_total', help: 'Bytes of the files of committed shards.' },
}

const families: Readonly<Record<string, Family>> = {
  page_skipped: {
    name: 'pairmill_pages_skipped_total',
    help: 'URLs that gave no page, by reason.',
    label: 'reason',
    known: new Set(pageReasons),
  },
  rendered: {
    name: 'pairmill_renders_total',
    help: 'Pages rendered, by why: signed (its HTML lacks something), plain (others of the host were worth it), trial (against the evidence).',
    label: 'why',
    known: new Set(['signed', 'plain', 'trial']),
  },
  render_failed: {
    name: 'pairmill_renders_failed_total',
    help: 'Renders that gave nothing, by reason; the page is taken as it was fetched.',
    label: 'reason',
    known: new Set(renderFailures),
  },
  render_refused: {
    name: 'pairmill_render_requests_refused_total',
    help: 'Requests of browsers that were not carried out, by reason.',
    label: 'reason',
    known: new Set(guardRefusals),
  },
  page_opted_out: {
    name: 'pairmill_pages_opted_out_total',
    help: 'Pages not read because their site opts out, by the opt-out.',
    label: 'rule',
    known: new Set(optOuts),
  },
  images_opted_out: {
    name: 'pairmill_pages_without_images_total',
    help: 'Pages read whose images were left alone by their own word, by the opt-out.',
    label: 'rule',
    known: new Set(optOuts),
  },
  link_skipped: {
    name: 'pairmill_links_skipped_total',
    help: 'Links not followed, by reason.',
    label: 'reason',
    known: new Set([...outOfScope, ...trapReasons, 'listed', 'retracted', 'nofollow', 'page_full']),
  },
  image_skipped: {
    name: 'pairmill_images_skipped_total',
    help: 'Images on pages that became no candidate, by reason.',
    label: 'reason',
    known: new Set(imageSkipReasons),
  },
  rejected: {
    name: 'pairmill_pairs_rejected_total',
    help: 'Candidates judged and not kept, by reason.',
    label: 'reason',
    known: new Set(Object.values(rejectReasons).flat()),
  },
  tagged: {
    name: 'pairmill_pairs_tagged_total',
    help: 'Scored pairs whose image shows a concept, by its name.',
    label: 'tag',
    known: null,
  },
}

/** Names of concepts are chosen by people, run by run. */
const maxOpen = 50
/** What stands for every label beyond a closed set, or beyond the bound of an open one. */
export const otherLabel = 'other'

const scorePrefix = 'score:'
/** As the counters name them: by the lower edge. */
const scoreBinWidth = 0.02
/** Every bin where CLIP's scores lie, fewer where those of other models may. */
const scoreBuckets = [-0.1, 0, ...range(0.1, 0.5, scoreBinWidth), 0.6, 0.7, 0.8, 0.9, 1]

/** Adds what a commit counted to the metrics. */
export type Count = (run: string, counters: Readonly<Record<string, number>>) => void

/** The flat counters of commits as metrics: a name of its own for each, and what stands after the colon as a label. */
export function createCounted(registry: Registry): Count {
  const registers = [registry]
  const plains = new Map(
    Object.entries(plain).map(([counter, { name, help }]) => [
      counter,
      new Counter({ name, help, labelNames: ['run'], registers }),
    ]),
  )
  const labelled = new Map(
    Object.entries(families).map(([prefix, { name, help, label, known }]) => [
      prefix,
      {
        label,
        labelOf: known === null ? boundedLabel(maxOpen) : closedLabel(known),
        counter: new Counter({ name, help, labelNames: ['run', label], registers }),
      },
    ]),
  )
  const scores = new Histogram({
    name: 'pairmill_clip_score',
    help: 'Best cosine similarity of scored pairs, each taken as the middle of its bin of 0.02.',
    labelNames: ['run'],
    buckets: scoreBuckets,
    registers,
  })
  const unnamed = new Counter({
    name: 'pairmill_unnamed_counters_total',
    help: 'Counters of commits that no metric is made of: another version counted them.',
    registers,
  })

  return (run, counters) => {
    for (const [name, n] of Object.entries(counters)) {
      if (n <= 0) continue
      const colon = name.indexOf(':')
      const family = colon < 0 ? undefined : labelled.get(name.slice(0, colon))
      const one = plains.get(name)
      if (one !== undefined) one.inc({ run }, n)
      else if (family !== undefined) {
        family.counter.inc({ run, [family.label]: family.labelOf(name.slice(colon + 1)) }, n)
      } else if (name.startsWith(scorePrefix)) {
        const score = Number(name.slice(scorePrefix.length)) + scoreBinWidth / 2
        for (let i = 0; i < n; i++) scores.observe({ run }, score)
      } else unnamed.inc(n)
    }
  }
}

function closedLabel(known: ReadonlySet<string>): (text: string) => string {
  return (text) => (known.has(text) ? text : otherLabel)
}

/** The first `max` texts as they are, every later one as `other`: labels must not grow without end. */
export function boundedLabel(max: number): (text: string) => string {
  const known = new Set<string>()
  return (text) => {
    if (known.size < max) known.add(text)
    return known.has(text) ? text : otherLabel
  }
}

function range(from: number, to: number, step: number): number[] {
  const count = Math.round((to - from) / step) + 1
  return Array.from({ length: count }, (_, i) => Number((from + i * step).toFixed(2)))
}
