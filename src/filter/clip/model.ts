import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { absent, isFileError } from './file-errors.js'
import { type Download, type DownloadOutcome, download, type HubDeps } from './hub.js'
import {
  type HubFile,
  isClipVision,
  type ModelRole,
  modelRoles,
  type NamedModel,
  namedModels,
} from './named.js'
import { chooseHalves, halfNames, type Precision, precisionRefusal, precisions } from './precision.js'
import {
  clipPreprocessingFault,
  type Preprocessing,
  parsePreprocessing,
  preprocessVersion,
} from './preprocess.js'

/** A model that cannot be used; `message` names the file or URL and says what to do. */
export interface ModelError {
  readonly kind: 'model_error'
  readonly message: string
}

/** A model's files, all of them there and read once; whether they fit together shows when they are opened. */
export interface ModelFiles {
  readonly kind: 'model_files'
  /** Name, hash over the files, preprocessing version, and `int8` where that was asked for: equal ids give equal scores. */
  readonly id: string
  readonly name: string
  readonly visionPath: string
  readonly textPath: string
  readonly tokenizerPath: string
  readonly preprocessing: Preprocessing
  /** Cosine from which on a pair is kept; null = the model comes with none. */
  readonly defaultThreshold: number | null
  /** Whether it is OpenAI's CLIP ViT-B/32. */
  readonly isClip: boolean
  /** Prompt templates, each with `{}` for a class name; null = the model comes with none. */
  readonly templates: readonly string[] | null
  /** Factor by which its training multiplied cosines; null = not said. */
  readonly logitScale: number | null
}

export interface ModelDeps extends HubDeps {
  /** Folder for named models; made where absent. */
  readonly cacheDir: string
  /** e.g. `https://huggingface.co`, without a trailing slash. */
  readonly hubUrl: string
}

const modelError = (message: string): ModelError => ({ kind: 'model_error', message })

/**
 * Finds the files of a model: a name from `namedModels` is fetched into the cache where it is not there whole,
 * anything else is a folder. Every file is read once, for its hash. `precision`: null = as the model comes, fp32 where it has that.
 */
export async function resolveModel(
  deps: ModelDeps,
  nameOrFolder: string,
  precision: Precision | null,
  signal: AbortSignal,
): Promise<ModelFiles | ModelError> {
  const named = Object.hasOwn(namedModels, nameOrFolder) ? namedModels[nameOrFolder] : undefined
  try {
    return named === undefined
      ? await resolveFolder(resolve(nameOrFolder), nameOrFolder, precision, signal)
      : await resolveNamed(deps, nameOrFolder, named, precision, signal)
  } catch (cause) {
    if (!isFileError(cause)) throw cause
    const cache = named === undefined ? '' : ` Named models are kept in ${deps.cacheDir}.`
    return modelError(
      `A file of the model ${nameOrFolder} cannot be read or written: ${cause.message}.${cache}`,
    )
  }
}

type Paths = Record<ModelRole, string>

/** Files that lie in a model's folder under one name. */
const plainFiles = { tokenizer: 'tokenizer.json', preprocessor: 'preprocessor_config.json' } as const

/** Every name under which a part of a model may lie in its folder. */
const folderNames = [
  ...Object.values(plainFiles),
  ...precisions.flatMap((one) => [...halfNames('vision', one), ...halfNames('text', one)]),
]

/** Fetches what of a named model is not in the cache, and checks all of it. */
export async function resolveNamed(
  deps: ModelDeps,
  name: string,
  named: NamedModel,
  precision: Precision | null,
  signal: AbortSignal,
): Promise<ModelFiles | ModelError> {
  const folder = join(deps.cacheDir, name)
  const files = { ...named.files, ...(precision === null ? {} : named.inPrecision[precision]) }
  for (const role of modelRoles) {
    const file = files[role]
    const wanted: Download = {
      url: `${deps.hubUrl}/${named.repo}/resolve/${named.revision}/${file.path}`,
      path: join(folder, file.path),
      resume: file.sha256 !== null,
      accept: (path) => pinFault(role, file, path, signal),
    }
    const isThere = await isFile(wanted.path)
    const fault = isThere ? await wanted.accept(wanted.path) : null
    if (isThere && fault === null) continue
    const outcome = await download(deps, wanted, signal)
    if (outcome.kind !== 'stored') return downloadError(wanted, fault, outcome)
  }
  const paths = Object.fromEntries(modelRoles.map((r) => [r, join(folder, files[r].path)])) as Paths
  return filesOf(
    paths,
    { ...unsaid, name, threshold: named.threshold, isClip: true },
    precision,
    (role) => files[role].sha256,
    signal,
  )
}

/** Fault of a file of a named model; null = none. */
async function pinFault(
  role: ModelRole,
  file: HubFile,
  path: string,
  signal: AbortSignal,
): Promise<string | null> {
  if (file.sha256 !== null) {
    const found = await sha256Of([path], signal)
    return found === file.sha256 ? null : `its SHA-256 is ${found}, not ${file.sha256}`
  }
  const text = await readFile(path, 'utf8')
  if (role !== 'tokenizer') return clipPreprocessingFault(text)
  // Loaded where it is needed: else only the model's thread has a use for it.
  return (await import('./tokenizer.js')).clipTokenizerFault(text)
}

/** `fault`: what is wrong with the file that is there; null = there is none. */
function downloadError(
  wanted: Download,
  fault: string | null,
  outcome: Exclude<DownloadOutcome, { kind: 'stored' }>,
): ModelError {
  const had = fault === null ? '' : ` What lies at ${wanted.path} is not the expected file: ${fault}.`
  const ways =
    'set HF_ENDPOINT to a mirror that can be reached, or fetch the files elsewhere and name their folder: --model DIR'
  switch (outcome.kind) {
    case 'unreachable':
      return modelError(
        `${wanted.url} cannot be fetched (${outcome.detail}). Run it again to go on where it stopped, ${ways}.${had}`,
      )
    case 'refused':
      return modelError(
        `${wanted.url} is refused (${outcome.detail}). Set HF_TOKEN if the hub wants one, ${ways}.${had}`,
      )
    case 'unacceptable':
      return modelError(
        `${wanted.url} is not the expected file: ${outcome.detail}. It was thrown away; run it again, ${ways}.`,
      )
  }
}

const notesSchema = z.object({
  name: z.string().min(1).max(100).optional(),
  threshold: z.number().min(-1).max(1).nullable().default(null),
  isClip: z.boolean().default(false),
  templates: z
    .array(z.string().includes('{}', 'a template has {} where the class name goes'))
    .min(1)
    .nullable()
    .default(null),
  logitScale: z.number().positive().max(1_000).nullable().default(null),
})

/** Notes of a model that has none. */
const unsaid = notesSchema.parse({})

async function resolveFolder(
  folder: string,
  given: string,
  precision: Precision | null,
  signal: AbortSignal,
): Promise<ModelFiles | ModelError> {
  const found = await stat(folder).catch(absent)
  if (found === null || !found.isDirectory()) {
    const names = Object.keys(namedModels).join(', ')
    return modelError(
      `${given} is neither a folder nor a known model (${names}). Give one of them: --model DIR.`,
    )
  }
  const names = new Set(
    await Promise.all(folderNames.map(async (name) => ((await isFile(join(folder, name))) ? name : ''))),
  )
  const halves = chooseHalves((name) => names.has(name), precision)
  if (halves.kind === 'other' && precision !== null)
    return modelError(precisionRefusal(given, precision, halves.has))
  const missing =
    halves.kind === 'missing' ? halves.name : Object.values(plainFiles).find((name) => !names.has(name))
  if (halves.kind !== 'files' || missing !== undefined) {
    const layout =
      'vision_model.onnx, text_model.onnx (or both under onnx/), tokenizer.json, preprocessor_config.json'
    return modelError(`${join(folder, missing ?? '')} is missing. A model folder holds ${layout}.`)
  }
  const inFolder = { ...plainFiles, vision: halves.vision, text: halves.text }
  const paths = Object.fromEntries(modelRoles.map((role) => [role, join(folder, inFolder[role])])) as Paths
  const notesPath = join(folder, 'pairmill.json')
  const notes = await readFile(notesPath, 'utf8').catch(absent)
  const parsed = notes === null ? unsaid : parseNotes(notes)
  if ('error' in parsed) {
    const shape = '{"name": "...", "threshold": 0.2, "isClip": false}'
    return modelError(
      `${notesPath} ${parsed.error}. It looks like ${shape}; or remove it and use --threshold.`,
    )
  }
  return filesOf(paths, { ...parsed, name: parsed.name ?? basename(folder) }, precision, () => null, signal)
}

function parseNotes(text: string): z.infer<typeof notesSchema> | { error: string } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { error: 'is no JSON' }
  }
  const parsed = notesSchema.safeParse(json)
  if (parsed.success) return parsed.data
  return {
    error: `does not fit: ${parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ')}`,
  }
}

/** Notes on a model: what its files do not show. */
type ModelNotes = z.infer<typeof notesSchema> & { readonly name: string }

/** The threshold of OpenAI's ViT-B/32, wherever its files lie. */
const clipThreshold = 0.28

/** `checkedSha256`: a file's hash where it was just checked, null where it must be read for it. */
async function filesOf(
  paths: Paths,
  notes: ModelNotes,
  precision: Precision | null,
  checkedSha256: (role: ModelRole) => string | null,
  signal: AbortSignal,
): Promise<ModelFiles | ModelError> {
  const preprocessing = parsePreprocessing(await readFile(paths.preprocessor, 'utf8'))
  if ('error' in preprocessing) {
    return modelError(`${paths.preprocessor} ${preprocessing.error}. Copy the model's own file there again.`)
  }
  const hashes: string[] = []
  for (const role of modelRoles) {
    // Weights over 2 GB lie beside the graph.
    const external = await firstFile([`${paths[role]}_data`, `${paths[role]}.data`])
    const content = external === null ? [paths[role]] : [paths[role], external]
    hashes.push(checkedSha256(role) ?? (await sha256Of(content, signal)))
  }
  const isClip = notes.isClip || isClipVision(hashes[modelRoles.indexOf('vision')] ?? '')
  const hash = createHash('sha256').update(hashes.join('\n')).digest('hex').slice(0, 8)
  return {
    kind: 'model_files',
    id: `${notes.name}@${hash}/${preprocessVersion}${precision === 'int8' ? `/${precision}` : ''}`,
    name: notes.name,
    visionPath: paths.vision,
    textPath: paths.text,
    tokenizerPath: paths.tokenizer,
    preprocessing,
    defaultThreshold: notes.threshold ?? (isClip ? clipThreshold : null),
    isClip,
    templates: notes.templates,
    logitScale: notes.logitScale,
  }
}

async function sha256Of(paths: readonly string[], signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    const bytes = createReadStream(path, { highWaterMark: 1 << 20 })
    await pipeline(
      bytes,
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) hash.update(chunk)
      },
      { signal },
    )
  }
  return hash.digest('hex')
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(absent))?.isFile() ?? false
}

async function firstFile(candidates: readonly string[]): Promise<string | null> {
  for (const path of candidates) {
    if (await isFile(path)) return path
  }
  return null
}
