import { resolve } from 'node:path'
import {
  anyPicture,
  type ClassEmbedding,
  type ClassScore,
  type Clip,
  classify,
  clipLogitScale,
  embedClasses,
  type ModelError,
  modelView,
  photoTemplates,
  promptsOf,
} from '../filter/index.js'
import { defaultOf } from '../options/index.js'
import { type Lines, parseClasses, parseTemplates } from './class-list.js'
import type { Clock } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount, formatShare, jsonText, oneLine, table } from './figures.js'
import { readLocalFile } from './local-file.js'
import { type Output, say } from './output.js'
import { openProgressLine, type ProgressLine } from './progress-line.js'
import { rejectExplanations } from './reasons.js'
import { amount } from './summary.js'

export interface ClassifyCall {
  /** A name or a folder. */
  readonly model: string
  readonly classesFile: string
  /** null = the model's own templates, else those for photographs. */
  readonly templatesFile: string | null
  /** Classes shown for an image, at least 1. */
  readonly top: number
  readonly json: boolean
  readonly images: readonly string[]
}

export interface ClassifyDeps {
  /** Absolute; relative names are taken from here. */
  readonly cwd: string
  readonly openModel: (
    nameOrFolder: string,
    onProgress: (text: string) => void,
    signal: AbortSignal,
  ) => Promise<Clip | ModelError>
  readonly stdout: Output
  readonly stderr: Output
  readonly clock: Clock
}

type Result =
  | { readonly image: string; readonly classes: readonly ClassScore[] }
  | { readonly image: string; readonly error: string }

/** A class or template list is small; a file beyond this is something else. */
const maxListBytes = 16 * 1024 * 1024
/** Images decoded and embedded together. */
const imagesAtOnce = 8
/** Classes embedded between two words on progress. */
const classesAtOnce = 64

/** `pairmill classify`: which of the named classes each image shows, by a model that was never trained on them. */
export async function classifyCommand(
  call: ClassifyCall,
  deps: ClassifyDeps,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { stderr } = deps
  const input = await readInput(call, deps, signal)
  if ('problems' in input) {
    for (const problem of input.problems) say(stderr, problem)
    stderr.write('Nothing was started. pairmill classify --help shows what is needed.\n')
    return exitCodes.usage
  }
  const progress = openProgressLine('classify', stderr, deps.clock)
  try {
    progress.show('loading the model')
    const clip = await deps.openModel(call.model, progress.show, signal)
    if ('kind' in clip) {
      progress.clear()
      say(stderr, clip.message)
      return exitCodes.model
    }
    try {
      return await classifyAll(clip, call, input, deps, progress, signal)
    } finally {
      await clip.close()
    }
  } finally {
    progress.close()
  }
}

interface Input {
  readonly classes: readonly string[]
  /** null = none were given. */
  readonly templates: readonly string[] | null
}

/** Reads all that is needed before a model is started, and names all that is wrong with it. */
async function readInput(
  call: ClassifyCall,
  deps: ClassifyDeps,
  signal: AbortSignal,
): Promise<Input | { readonly problems: readonly string[] }> {
  const read = async (flag: string, name: string, parse: typeof parseClasses): Promise<Lines> => {
    const file = await readLocalFile(resolve(deps.cwd, name), maxListBytes, signal)
    return file.kind === 'file'
      ? parse(file.bytes, name)
      : { kind: 'problems', problems: [`${flag}: cannot read '${name}': ${file.why}`] }
  }
  const classes = await read('--classes', call.classesFile, parseClasses)
  const templates =
    call.templatesFile === null ? null : await read('--templates', call.templatesFile, parseTemplates)
  const modelless =
    call.model === 'none' ? ['--model: expected the name of a model or its folder, got none'] : []
  const problems = [classes, templates].flatMap((list) => (list?.kind === 'problems' ? list.problems : []))
  if (classes.kind === 'problems' || templates?.kind === 'problems' || modelless.length > 0) {
    return { problems: [...modelless, ...problems] }
  }
  return { classes: classes.lines, templates: templates?.lines ?? null }
}

async function classifyAll(
  clip: Clip,
  call: ClassifyCall,
  input: Input,
  deps: ClassifyDeps,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { stdout, stderr } = deps
  const templates = input.templates ?? clip.model.templates ?? photoTemplates
  const logitScale = clip.model.logitScale ?? clipLogitScale
  const classes: ClassEmbedding[] = []
  for (let at = 0; at < input.classes.length; at += classesAtOnce) {
    progress.show(`classes  ${formatCount(at)} / ${formatCount(input.classes.length)}`)
    const named = input.classes.slice(at, at + classesAtOnce)
    const prompted = named.map((name) => ({ name, prompts: promptsOf(name, templates) }))
    classes.push(...(await embedClasses(clip.embedTexts, prompted, signal)))
  }

  const results: Result[] = []
  for (let at = 0; at < call.images.length; at += imagesAtOnce) {
    progress.show(`images  ${formatCount(at)} / ${formatCount(call.images.length)}`)
    const names = call.images.slice(at, at + imagesAtOnce)
    const scored = await classifyImages(clip, names, classes, logitScale, deps.cwd, signal)
    const shown = scored.map((result) =>
      'classes' in result ? { ...result, classes: result.classes.slice(0, call.top) } : result,
    )
    progress.clear()
    if (!call.json) {
      if (at === 0) stdout.write(`${oneLine(legend(clip, classes.length, templates.length))}\n`)
      stdout.write(shown.map(rendered).join(''))
    }
    for (const result of shown) if ('error' in result) say(stderr, `${result.image}: ${result.error}`)
    results.push(...shown)
  }
  if (call.json) {
    const answer = { model: clip.model.id, logitScale, templates, classes: classes.length, images: results }
    stdout.write(`${jsonText(answer, 2)}\n`)
  }
  return results.some((result) => 'error' in result) ? exitCodes.failed : exitCodes.ok
}

async function classifyImages(
  clip: Clip,
  names: readonly string[],
  classes: readonly ClassEmbedding[],
  logitScale: number,
  cwd: string,
  signal: AbortSignal,
): Promise<Result[]> {
  const pictures = await Promise.all(names.map((name) => pixelsOf(clip, resolve(cwd, name), signal)))
  const seen = pictures.flatMap((picture) => (picture instanceof Uint8Array ? [picture] : []))
  const embeddings = await clip.embedImages(seen, signal)
  let next = 0
  return names.map((image, i) => {
    const picture = pictures[i]
    if (picture !== undefined && 'error' in picture) return { image, error: picture.error }
    const embedding = embeddings[next++]
    if (embedding === undefined) throw new Error(`${image} was not embedded`)
    return { image, classes: classify(embedding, classes, logitScale) }
  })
}

/** The model's view of a picture, made as in a run, so that it has the same embedding as there. */
async function pixelsOf(
  clip: Clip,
  path: string,
  signal: AbortSignal,
): Promise<Uint8Array | { readonly error: string }> {
  const file = await readLocalFile(path, anyPicture.maxBytes, signal)
  if (file.kind === 'unreadable') return { error: `cannot be read: ${file.why}` }
  if (file.bytes.length === 0) return { error: rejectExplanations.empty }
  const view = await modelView(clip, file.bytes, defaultOf('imageSize'), signal)
  if (!('reason' in view)) return view
  const detail = view.detail === '' ? '' : ` (${view.detail})`
  return { error: `${rejectExplanations[view.reason]}${detail}` }
}

function legend(clip: Clip, classes: number, templates: number): string {
  const prompts = `${amount(templates, 'prompt')} each`
  return `Probability among ${amount(classes, 'class', 'classes')} (${prompts}), cosine similarity, class, by ${clip.model.id}`
}

function rendered(result: Result): string {
  if ('error' in result) return ''
  const rows = result.classes.map(({ name, cosine, probability }) => [
    formatShare(probability, 1),
    cosine.toFixed(3),
    name,
  ])
  return `${[oneLine(result.image), ...table(rows, ['right', 'right', 'left'])].join('\n')}\n`
}
