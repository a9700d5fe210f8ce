import {
  type Candidate,
  type CaptionSource,
  type Refusals,
  type RejectReason,
  type Row,
  refusalOfCandidate,
  type StoredFormat,
  uidOf,
  withoutRetractedLicence,
} from '../records/index.js'
import { chooseCaptions, type JudgedCaption } from './choice.js'
import type { ConceptTagger, ConceptVerdict } from './concepts.js'
import { bestOf, type Judged, rejected, rowOf, type Seen } from './judged.js'
import { languageDetector } from './language.js'
import { type FilterOptions, uidKindOf } from './options.js'
import { noFacts, type PictureDeps, type PictureOutcome, takePicture } from './picture.js'
import { captionKey } from './text.js'
import { createTextJudge, reasonOf } from './text-verdict.js'
import { makeThumbnails } from './thumbnail.js'

/** What is told of a batch while it goes on, in candidates: their images came, or need not come any more; they have their verdict. */
type BatchStep = 'images_fetched' | 'images_done' | 'judged'

/** Dependencies of a batch. */
export interface BatchDeps extends PictureDeps {
  /**
   * Cosine similarity of each image with each of its captions, and the embeddings of both; null = nothing is scored and
   * everything passes.
   */
  readonly score:
    | ((
        pairs: readonly { pixels: Uint8Array; captions: readonly string[] }[],
        signal: AbortSignal,
      ) => Promise<readonly Omit<Seen, 'tags'>[]>)
    | null
  /** Looks for concepts in what is scored; null = there are none. */
  readonly tagger: ConceptTagger | null
  readonly modelId: string | null
  /** The model's own threshold; null = it has none. */
  readonly modelThreshold: number | null
  /** Which of the images are kept already. */
  readonly findDuplicates: (
    images: readonly { sha256: string; phash: string }[],
  ) => Promise<readonly { index: number; of: string; near: boolean }[]>
  /** How many candidates of the run carry each text. */
  readonly captionCounts: (texts: readonly string[]) => Promise<readonly number[]>
  /** Absent = nobody wants to know. */
  readonly onStep?: (step: BatchStep, candidates: number) => void
}

export interface BatchItem {
  readonly id: number
  readonly attempts: number
  readonly body: Candidate
}

export interface BatchRow {
  readonly row: Row
  readonly image: { readonly bytes: Uint8Array; readonly format: StoredFormat } | null
}

export interface BatchResult {
  /** One for each candidate that was not deferred, in the batch's order. */
  readonly rows: readonly BatchRow[]
  readonly deferred: readonly { readonly id: number; readonly delayMs: number }[]
  readonly counters: Record<string, number>
}

/** Downloads at once in one batch. */
const downloads = 16
/** Width of a bin of the score histogram. */
const binWidth = 0.02

/** Lower edge of the histogram bin of a score, e.g. `0.28`. */
export function scoreBin(score: number): string {
  // A score on an edge belongs to the bin above it, whatever the last bits of its fraction say.
  return (Math.floor(score / binWidth + 1e-9) * binWidth).toFixed(2)
}

/**
 * Judges the candidates of one batch, cheap before dear: what is never to be taken, texts, then the download, then duplicates of kept images, then the model:
 * first its score, then the concepts. What was scored is tagged, kept or not.
 * Every candidate ends in a row or is deferred. Rejects only where a dependency is lost or `signal` is aborted.
 */
export async function filterBatch(
  deps: BatchDeps,
  items: readonly BatchItem[],
  options: FilterOptions,
  signal: AbortSignal,
): Promise<BatchResult> {
  const languages = await languageDetector()
  const refusals = await deps.refusals()
  const captions = (await usableCaptions(deps, items, options)).map((usable, index) => {
    const item = items[index]
    const by = item === undefined ? null : refusalOfCandidate(refusals, item.body)
    return by === null ? usable : { captions: [], reason: by }
  })
  const judged: Judged[] = captions.map((usable) =>
    usable.reason === null ? { kind: 'deferred', delayMs: 0 } : rejected(usable.reason, null, noFacts),
  )

  let told = 0
  const tell = () => {
    const have = judged.filter(({ kind }) => kind === 'rejected' || kind === 'kept').length
    deps.onStep?.('judged', have - told)
    told = have
  }
  tell()
  deps.onStep?.('images_done', told)
  const pictures = await takeAll(deps, items, captions, options, signal)
  for (const [index, outcome] of pictures) judged[index] = judgePicture(outcome)
  rejectRefused(items, judged, await deps.refusals(), options)
  if (options.dedupe !== 'off') await rejectDuplicates(deps, judged)
  tell()
  await scoreAll(deps, items, captions, judged, options, signal)
  tell()
  const thumbnails = await makeThumbnails(deps, judged, await deps.refusals(), options, signal)

  const marks = { modelId: deps.modelId, uids: uidKindOf(options), embeddings: options.embeddings }
  const rows: BatchRow[] = []
  const deferred: { id: number; delayMs: number }[] = []
  const counters: Record<string, number> = {}
  const count = (name: string, n = 1) => {
    counters[name] = (counters[name] ?? 0) + n
  }
  // Candidates that share a download share its outcome.
  for (const outcome of new Set(pictures.values())) {
    if (outcome.kind !== 'deferred') count('image_bytes', outcome.fetchedBytes ?? 0)
  }
  for (const [index, item] of items.entries()) {
    const verdict = judged[index]
    if (verdict === undefined || verdict.kind === 'pending')
      throw new Error(`candidate ${item.id} was not judged`)
    if (verdict.kind === 'deferred') {
      deferred.push({ id: item.id, delayMs: verdict.delayMs })
      count('deferred')
      continue
    }
    const body = withoutRetractedLicence(refusals, item.body)
    const row = rowOf(body, captions[index]?.captions ?? [], verdict, marks, languages)
    const thumbnail = thumbnails.get(index)
    rows.push({
      row: thumbnail === undefined ? row : { ...row, thumbnail },
      image:
        verdict.kind === 'kept'
          ? { bytes: verdict.picture.stored.bytes, format: verdict.picture.stored.format }
          : null,
    })
    if (row.reason !== null) count(`rejected:${row.reason}`)
    const { fetchedBytes } = verdict.kind === 'kept' ? verdict.picture : verdict.facts
    if (fetchedBytes !== null) count('images_fetched')
    if (row.clipScore !== null) count(`score:${scoreBin(row.clipScore)}`)
    for (const tag of row.tags) count(`tagged:${tag}`)
  }
  return { rows, deferred, counters }
}

interface Usable {
  /** Those that are scored, in the order of trust. */
  readonly captions: readonly JudgedCaption[]
  /** Why none is usable; null = some are. */
  readonly reason: RejectReason | null
}

/** Texts of metadata that stand beside more pictures are the site's. */
const maxOfMetadata = 3

async function usableCaptions(
  deps: BatchDeps,
  items: readonly BatchItem[],
  options: FilterOptions,
): Promise<readonly Usable[]> {
  const bodies = items.map(({ body }) => body)
  return (await judgeCaptions(deps, bodies, options)).map((judged) => {
    const usable = judged.filter(({ verdict }) => verdict === null)
    return { captions: usable, reason: usable.length > 0 ? null : reasonOf(judged) }
  })
}

/** Verdict on each caption of each candidate. */
export async function judgeCaptions(
  deps: Pick<BatchDeps, 'captionCounts'>,
  candidates: readonly Pick<Candidate, 'captions' | 'pageLanguage'>[],
  options: FilterOptions,
): Promise<readonly (readonly JudgedCaption[])[]> {
  const judge = await createTextJudge(options)
  const times = await timesSeen(deps, candidates, options)
  return candidates.map(({ captions, pageLanguage }) =>
    chooseCaptions(captions, ({ source, text }) => {
      const verdict = judge.verdict(text, pageLanguage)
      if (verdict !== null) return verdict
      return times(text) > mostTimes(source, options) ? 'caption_repeated' : null
    }),
  )
}

/** Beside how many pictures a text may stand. */
function mostTimes(source: CaptionSource, { repeatedText }: FilterOptions): number {
  if (repeatedText === null) return Number.POSITIVE_INFINITY
  return source === 'og' ? Math.min(repeatedText, maxOfMetadata) : repeatedText
}

/** How many candidates of the run carry a text, whatever its numbers. */
async function timesSeen(
  deps: Pick<BatchDeps, 'captionCounts'>,
  candidates: readonly Pick<Candidate, 'captions'>[],
  { repeatedText }: FilterOptions,
): Promise<(text: string) => number> {
  const texts = candidates.flatMap(({ captions }) => captions.map((caption) => caption.text))
  if (repeatedText === null || texts.length === 0) return () => 0
  const keyOf = new Map(texts.map((text) => [text, captionKey(text)]))
  const keys = [...new Set(keyOf.values())]
  const counts = await deps.captionCounts(keys)
  const timesOf = new Map(keys.map((key, i) => [key, counts[i] ?? 0]))
  return (text) => timesOf.get(keyOf.get(text) ?? '') ?? 0
}

/** Fetches and decodes; candidates that share their sources share one download. */
async function takeAll(
  deps: BatchDeps,
  items: readonly BatchItem[],
  captions: readonly Usable[],
  options: FilterOptions,
  signal: AbortSignal,
): Promise<Map<number, PictureOutcome>> {
  const groups = new Map<string, number[]>()
  for (const [index, item] of items.entries()) {
    if (captions[index]?.reason !== null) continue
    const key = JSON.stringify([item.body.imageUrl, ...item.body.fallbackUrls])
    groups.set(key, [...(groups.get(key) ?? []), index])
  }
  const outcomes = new Map<number, PictureOutcome>()
  const queue = [...groups]
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      signal.throwIfAborted()
      const [key, indexes] = next
      const attempts = Math.max(...indexes.map((index) => items[index]?.attempts ?? 0))
      const outcome = await takePicture(deps, JSON.parse(key) as string[], attempts, options, signal)
      for (const index of indexes) outcomes.set(index, outcome)
      if (outcome.kind === 'deferred') continue
      deps.onStep?.('images_done', indexes.length)
      if (outcome.fetchedBytes !== null) deps.onStep?.('images_fetched', indexes.length)
    }
  }
  await Promise.all(Array.from({ length: downloads }, lane))
  signal.throwIfAborted()
  return outcomes
}

function judgePicture(outcome: PictureOutcome): Judged {
  switch (outcome.kind) {
    case 'picture':
      return { kind: 'pending', picture: outcome }
    case 'deferred':
      return { kind: 'deferred', delayMs: outcome.delayMs }
    case 'rejected':
      return rejected(outcome.reason, outcome.detail, outcome, { file: outcome.file })
  }
}

/** Rejects pictures by what they look like, or by the uid that they would have. */
function rejectRefused(
  items: readonly BatchItem[],
  judged: Judged[],
  refusals: Refusals,
  options: FilterOptions,
): void {
  for (const [index, verdict] of judged.entries()) {
    const item = items[index]
    if (verdict.kind !== 'pending' || item === undefined) continue
    const { picture } = verdict
    const by =
      refusals.ofPhash(picture.phash) ?? refusals.ofUid(uidOf(uidKindOf(options), picture.sha256, item.body))
    if (by !== null) judged[index] = rejected(by, null, picture)
  }
}

async function rejectDuplicates(deps: BatchDeps, judged: Judged[]): Promise<void> {
  const pending = judged.flatMap((verdict, index) =>
    verdict.kind === 'pending' ? [{ index, picture: verdict.picture }] : [],
  )
  if (pending.length === 0) return
  const found = await deps.findDuplicates(
    pending.map(({ picture }) => ({ sha256: picture.sha256, phash: picture.phash })),
  )
  for (const { index, of, near } of found) {
    const duplicate = pending[index]
    if (duplicate === undefined) throw new Error(`a duplicate of no image: ${index}`)
    judged[duplicate.index] = rejected(near ? 'duplicate_near' : 'duplicate_exact', null, duplicate.picture, {
      duplicateOf: of,
    })
  }
}

async function scoreAll(
  deps: BatchDeps,
  items: readonly BatchItem[],
  captions: readonly Usable[],
  judged: Judged[],
  options: FilterOptions,
  signal: AbortSignal,
): Promise<void> {
  const pending = judged.flatMap((verdict, index) =>
    verdict.kind === 'pending' ? [{ index, picture: verdict.picture }] : [],
  )
  if (pending.length === 0) return
  if (deps.score === null) {
    for (const { index, picture } of pending) judged[index] = { kind: 'kept', picture, seen: null }
    return
  }
  const threshold = options.threshold ?? deps.modelThreshold ?? Number.NEGATIVE_INFINITY
  const scores = await deps.score(
    pending.map(({ index, picture }) => {
      if (picture.pixels === null) throw new Error(`candidate ${items[index]?.id} has no pixels to score`)
      return {
        pixels: picture.pixels,
        captions: (captions[index]?.captions ?? []).map(({ said }) => said),
      }
    }),
    signal,
  )
  for (const [i, { index, picture }] of pending.entries()) {
    const own = scores[i]
    if (own === undefined) throw new Error(`candidate ${items[index]?.id} has no scores`)
    const { tags, rejected: unwanted } = deps.tagger?.judge(own.embedding) ?? noConcepts
    const seen = { ...own, tags }
    const fits = bestOf(own.cosines) >= threshold
    // What its concepts refuse as well is not shown.
    const file = options.rejectedPictures && unwanted === null ? picture.stored.bytes : null
    if (!fits) judged[index] = rejected('score_low', null, picture, { seen, file })
    else if (unwanted !== null) judged[index] = rejected(unwanted.reason, unwanted.detail, picture, { seen })
    else judged[index] = { kind: 'kept', picture, seen }
  }
}

const noConcepts: ConceptVerdict = { tags: [], rejected: null }
