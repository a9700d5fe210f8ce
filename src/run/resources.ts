import type { Backend } from '../backend/index.js'
import { createRenderer, locateBrowser, type Renderer } from '../crawl/index.js'
import {
  type Clip,
  type Concept,
  type ConceptTagger,
  createTagger,
  defaultConcepts,
  loadModel,
} from '../filter/index.js'
import { createNet, type Net } from '../net/index.js'
import type { RunOptions } from '../options/index.js'
import { type ConnectTo, parseConnectTo } from '../records/index.js'
import { lastPageFile, readPlans, type Store } from '../shard/index.js'
import { allottedOf, type Scoring, type UnderWay } from '../workers/index.js'
import { usableCores } from './cores.js'
import type { BrowserSettings, Environment } from './run-types.js'

/** `--model none`: nothing is scored, and everything that passes the other rules is kept. */
const noModel = 'none'

async function openModel(
  options: Pick<RunOptions, 'model' | 'precision' | 'threads' | 'provider'>,
  environment: Environment,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<{ clip: Clip | null } | { message: string }> {
  if (options.model === noModel) return { clip: null }
  const threads = options.threads ?? usableCores()
  const { precision, provider } = options
  const clip = await loadModel(
    environment,
    options.model,
    { threads, precision, provider },
    onProgress,
    signal,
  )
  return 'message' in clip ? { message: clip.message } : { clip }
}

/** What scores pairs in this process, with what it takes to close it. `note`: what a person should be told; null = nothing. */
export interface OpenedScoring extends Scoring {
  readonly note: string | null
  readonly close: () => Promise<void>
}

/** What decides how pairs are scored in a process. Plain JSON. */
export type ScoringOptions = Pick<
  RunOptions,
  'model' | 'precision' | 'threads' | 'provider' | 'threshold' | 'concepts'
>

/** `message`: why there is none, and what to do. `lost` is aborted when the model breaks later. */
export async function openScoring(
  options: ScoringOptions,
  environment: Environment,
  lost: AbortController,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<OpenedScoring | { readonly message: string }> {
  const opened = await openModel(options, environment, onProgress, signal)
  if ('message' in opened) return opened
  const { clip } = opened
  if (clip === null) {
    return {
      model: { id: null, isClip: false, threshold: null },
      preprocessing: null,
      score: null,
      tagger: null,
      note: null,
      close: async () => {},
    }
  }
  const threshold = options.threshold ?? clip.model.defaultThreshold
  if (threshold === null) {
    await clip.close()
    return {
      message: `--model ${options.model} states no threshold of its own: give --threshold (cosine similarity, e.g. 0.25)`,
    }
  }
  const { tagger, note } = await openTagger(clip, options.concepts, signal)
  return {
    model: { id: clip.model.id, isClip: clip.model.isClip, threshold },
    preprocessing: clip.preprocessing,
    score: fatalScore(clip, lost),
    tagger,
    note,
    close: () => clip.close(),
  }
}

/**
 * What looks for concepts in images: those of the options, else the default ones where the model is the one that their margins are
 * for. `note`: what a person should be told; null = nothing.
 */
export async function openTagger(
  clip: Clip | null,
  concepts: readonly Concept[] | null,
  signal: AbortSignal,
): Promise<{ tagger: ConceptTagger | null; note: string | null }> {
  if (clip === null) return { tagger: null, note: null }
  if (concepts === null && !clip.model.isClip) {
    const names = defaultConcepts.map(({ name }) => name).join(', ')
    return {
      tagger: null,
      note: `the default tags (${names}) are for CLIP ViT-B/32 and are off with this model; --concepts FILE gives it its own`,
    }
  }
  return { tagger: await createTagger(clip.embedTexts, concepts ?? defaultConcepts, signal), note: null }
}

/** The browsers of this process; opened by the first page that needs one. */
interface OpenedRenderer {
  readonly renderer: Renderer | null
  /** What a person should be told; null = nothing. */
  readonly note: string | null
}

/** Pages in browsers at once: one keeps a core busy while it is built, and holds some 100 MB. */
const pagesAtOnce = (cores: number): number => Math.min(Math.max(cores, 2), 8)

const browserStarts = { for: 'browser_start', host: null, lengthMs: null } as const

/** Looks for a browser. As root Chromium runs without its sandbox, or not at all. `underWay`: is told of each that starts; null = nobody is. */
export async function openRenderer(
  settings: BrowserSettings,
  onTrouble: (message: string) => void,
  underWay: UnderWay | null,
): Promise<OpenedRenderer> {
  const executable = await locateBrowser(settings)
  if (executable === null) {
    const where =
      settings.named === null ? 'no Chromium was found' : `PAIRMILL_CHROMIUM: ${settings.named} is no program`
    return {
      renderer: null,
      note: `${where}: pages that scripts build are taken as they are fetched (install chromium, or say --render never)`,
    }
  }
  const sandbox = process.getuid?.() !== 0
  return {
    renderer: createRenderer({
      executable,
      sandbox,
      atOnce: pagesAtOnce(usableCores()),
      onTrouble,
      starting: (start) => underWay?.during(browserStarts, start) ?? start(),
    }),
    note: null,
  }
}

export function openNet(options: Pick<RunOptions, 'userAgent' | 'connectTo' | 'allowPrivate'>): Net {
  return createNet({
    userAgent: options.userAgent,
    connectTo: options.connectTo.map(connectTo),
    allowPrivate: options.allowPrivate,
  })
}

/** The options were checked where they were given; a rule that cannot be read here is a bug. */
function connectTo(text: string): ConnectTo {
  const rule = parseConnectTo(text)
  if ('error' in rule) throw new Error(`--connect-to ${text}: ${rule.error}`)
  return rule
}

/** A model that failed is lost infrastructure, not a bad batch: it ends the run instead of rejecting what it should have scored. */
function fatalScore(clip: Clip, lost: AbortController): Clip['score'] {
  return async (pairs, signal) => {
    try {
      return await clip.score(pairs, signal)
    } catch (error) {
      if (!signal.aborted) lost.abort(error)
      throw error
    }
  }
}

/** Tells the backend of every plan and page file that the store knows, before one of their numbers or a shard's is given again. */
export async function reconcile(
  backend: Backend,
  store: Store,
  run: string,
  signal: AbortSignal,
): Promise<void> {
  for (const plan of await readPlans(store, signal)) await backend.adoptPlan(run, allottedOf(plan))
  await backend.adoptPageFiles(run, await lastPageFile(store, signal))
}
