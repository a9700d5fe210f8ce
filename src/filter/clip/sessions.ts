import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { imagesPerRun } from './batches.js'
import type { ThreadData } from './messages.js'
import type { Tensor, TextBatchTokens } from './prepare-messages.js'
import { openPreparer, type Preparer } from './preparer.js'
import { cudaRefusal, isCudaFault, type Provider } from './provider.js'
import { fixedDim, type Port, type Signature, textFault, visionFault } from './signature.js'

/** Both halves of a model, loaded. Runs block the calling thread, one batch at a time; the next one is made ready meanwhile. */
export interface Encoder {
  readonly embeddingDim: number
  readonly maxTokens: number
  /** `embeddingDim` values for each, L2-normalised; null = `stopped` said so between two batches. One call at a time. */
  embed(
    pictures: readonly Uint8Array[],
    texts: readonly string[],
    stopped: () => boolean,
  ): Promise<Embeddings | null>
  close(): Promise<void>
}

export interface Embeddings {
  readonly pictures: Float32Array
  readonly texts: Float32Array
}

export interface Refusal {
  /** Names the file and what is wrong with it, or the provider and what to do. */
  readonly refused: string
  readonly about: 'model' | 'provider'
}

const refusal = (refused: string): Refusal => ({ refused, about: 'model' })

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** Refusal for a file that failed: the provider's fault, where the reason beside the file's name says so, or the model's. */
function failure(provider: Provider, path: string, reason: string, modelFailure: string): Refusal {
  return isCudaFault(provider, reason.replaceAll(path, ''))
    ? { refused: cudaRefusal(reason), about: 'provider' }
    : refusal(modelFailure)
}

async function openSession(
  path: string,
  { threads, provider }: ThreadData,
): Promise<InferenceSession | Refusal> {
  try {
    return await InferenceSession.create(path, {
      // Operations that a graphics card cannot run, of a quantised model for one, are run on the CPU all the same.
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Batch and text length change from run to run: a pattern for each would only pin memory.
      enableMemPattern: false,
      // Two sessions share the cores with a crawl: waiting threads must not spin.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      // Errors are reported by us, with the file's name: 4 leaves fatal ones only.
      logSeverityLevel: 4,
    })
  } catch (cause) {
    const reason = messageOf(cause)
    return failure(
      provider,
      path,
      reason,
      `${path} cannot be loaded as an ONNX model; is it cut short? (${reason})`,
    )
  }
}

function signatureOf(session: InferenceSession): Signature {
  const portsOf = (values: readonly InferenceSession.ValueMetadata[]): Port[] =>
    values.map((v) =>
      v.isTensor
        ? { name: v.name, type: v.type, shape: v.shape }
        : { name: v.name, type: 'no tensor', shape: [] },
    )
  return { inputs: portsOf(session.inputMetadata), outputs: portsOf(session.outputMetadata) }
}

/** Scales the vector at `offset` to length 1; a zero vector stays, and is like nothing. */
function normaliseLength(values: Float32Array, offset: number, dim: number): void {
  let squares = 0
  for (let i = offset; i < offset + dim; i++) squares += (values[i] as number) ** 2
  if (squares === 0) return
  const factor = 1 / Math.sqrt(squares)
  for (let i = offset; i < offset + dim; i++) values[i] = (values[i] as number) * factor
}

/** The rows of a run's output, or an exception where the model gives something else than it declares. */
function rowsOf(outputs: InferenceSession.OnnxValueMapType, name: string, count: number): Float32Array {
  const data = outputs[name]?.data
  if (!(data instanceof Float32Array) || data.length === 0 || data.length % count !== 0) {
    throw new Error(`${name} is not ${count} rows of numbers`)
  }
  return data
}

type RunVision = (tensor: Float32Array, count: number) => Promise<Float32Array>
type RunText = (ids: BigInt64Array, mask: BigInt64Array, count: number) => Promise<Float32Array>

function visionRun(session: InferenceSession, side: number): RunVision {
  return async (tensor, count) => {
    const feeds = { pixel_values: new OrtTensor('float32', tensor, [count, 3, side, side]) }
    return rowsOf(await session.run(feeds, ['image_embeds']), 'image_embeds', count)
  }
}

function textRun(session: InferenceSession): RunText {
  const masked = session.inputNames.includes('attention_mask')
  return async (ids, mask, count) => {
    const shape = [count, ids.length / count]
    const input_ids = new OrtTensor('int64', ids, shape)
    const feeds = masked ? { input_ids, attention_mask: new OrtTensor('int64', mask, shape) } : { input_ids }
    return rowsOf(await session.run(feeds, ['text_embeds']), 'text_embeds', count)
  }
}

/** Loads a model and tries it once; what does not fit CLIP's shape is refused. */
export async function openEncoder(data: ThreadData): Promise<Encoder | Refusal> {
  const side = data.preprocessing.cropSide
  const vision = await openSession(data.visionPath, data)
  if ('refused' in vision) return vision
  const text = await openSession(data.textPath, data)
  if ('refused' in text) return text
  const [visionSignature, textSignature] = [signatureOf(vision), signatureOf(text)]
  const visionWrong = visionFault(visionSignature, side)
  if (visionWrong !== null) return refusal(`${data.visionPath} ${visionWrong}`)
  const textWrong = textFault(textSignature)
  if (textWrong !== null) return refusal(`${data.textPath} ${textWrong}`)
  // null = the model takes any length, so a batch need not be longer than its longest text.
  const fixedLength = fixedDim(textSignature.inputs, 'input_ids', 1)
  const maxTokens = fixedLength ?? data.maxTokens
  const { tokenizerPath, preprocessing } = data
  const preparer = await openPreparer({ tokenizerPath, preprocessing, maxTokens, fixedLength })
  if ('refused' in preparer) return refusal(preparer.refused)

  const runVision = visionRun(vision, side)
  const runText = textRun(text)
  const tried = await tryOut(data, runVision, runText, maxTokens, BigInt(preparer.endId))
  if ('refused' in tried) {
    await preparer.close()
    return tried
  }
  const dim = tried.embeddingDim
  return {
    embeddingDim: dim,
    maxTokens,
    embed: async (pictures, texts, stopped) => {
      const ready = readyPictures(preparer, pictures)
      // The first pictures are ready before any text is: while they go through the model, the texts' turn comes.
      const tokens = preparer.texts(texts)
      const embedded = await embedPictures(ready, pictures.length, dim, runVision, stopped)
      const batches = await tokens
      const rows = embedded === null ? null : await embedTexts(batches, texts.length, dim, runText, stopped)
      return embedded === null || rows === null ? null : { pictures: embedded, texts: rows }
    },
    close: async () => {
      await preparer.close()
      await vision.release()
      await text.release()
    },
  }
}

/** Pictures that go through the model at once, as they are made ready: one batch ahead of who looks at them. */
interface ReadyPictures {
  /** The next batch, while that behind it is begun; null = there is none. The tensor of the one before is given back. */
  next(): Promise<{ readonly tensor: Tensor; readonly count: number } | null>
}

function readyPictures(preparer: Preparer, pictures: readonly Uint8Array[]): ReadyPictures {
  let at = 0
  let looked: Tensor | null = null
  const begin = () => {
    if (at >= pictures.length) return null
    const batch = pictures.slice(at, at + imagesPerRun)
    at += imagesPerRun
    return { tensor: preparer.pictures(batch), count: batch.length }
  }
  let coming = begin()
  return {
    next: async () => {
      if (looked !== null) preparer.giveBack(looked)
      looked = null
      if (coming === null) return null
      const { count } = coming
      const tensor = await coming.tensor
      coming = begin()
      looked = tensor
      return { tensor, count }
    },
  }
}

async function embedPictures(
  ready: ReadyPictures,
  count: number,
  dim: number,
  run: RunVision,
  stopped: () => boolean,
): Promise<Float32Array | null> {
  const out = new Float32Array(count * dim)
  let at = 0
  for (let batch = await ready.next(); batch !== null; batch = await ready.next()) {
    if (stopped()) return null
    const values = batch.tensor.subarray(0, (batch.tensor.length / imagesPerRun) * batch.count)
    out.set(await run(values, batch.count), at * dim)
    at += batch.count
  }
  for (let i = 0; i < count; i++) normaliseLength(out, i * dim, dim)
  return out
}

async function embedTexts(
  batches: readonly TextBatchTokens[],
  count: number,
  dim: number,
  run: RunText,
  stopped: () => boolean,
): Promise<Float32Array | null> {
  const out = new Float32Array(count * dim)
  for (const { members, ids, mask } of batches) {
    if (stopped()) return null
    const rows = await run(ids, mask, members.length)
    for (const [row, member] of members.entries()) {
      out.set(rows.subarray(row * dim, (row + 1) * dim), member * dim)
      normaliseLength(out, member * dim, dim)
    }
  }
  return out
}

/**
 * One run of each half with two rows, the texts as long as may be: shows what free dimensions hide (another
 * picture size, fewer positions, one row at a time, a smaller vocabulary).
 */
async function tryOut(
  data: ThreadData,
  runVision: RunVision,
  runText: RunText,
  maxTokens: number,
  endId: bigint,
): Promise<{ embeddingDim: number } | Refusal> {
  const rows = 2
  const side = data.preprocessing.cropSide
  const dims: number[] = []
  const halves = [
    { path: data.visionPath, run: () => runVision(new Float32Array(rows * 3 * side * side), rows) },
    {
      path: data.textPath,
      run: () => {
        const ids = new BigInt64Array(rows * maxTokens).fill(endId)
        return runText(ids, new BigInt64Array(ids.length).fill(1n), rows)
      },
    },
  ]
  for (const { path, run } of halves) {
    try {
      const values = await run()
      if (!values.every(Number.isFinite)) return refusal(`${path} gives values that are no numbers`)
      dims.push(values.length / rows)
    } catch (cause) {
      const trial = `${rows} pictures of ${side} pixels or ${rows} texts of ${maxTokens} tokens`
      const reason = messageOf(cause)
      return failure(data.provider, path, reason, `${path} fails on a trial run (${trial}): ${reason}`)
    }
  }
  const [visionDim, textDim] = dims
  if (visionDim === undefined || visionDim !== textDim) {
    const parts = `${data.visionPath} gives ${visionDim} values a picture and ${data.textPath} ${textDim} a text`
    return refusal(`${parts}: they are no pair`)
  }
  return { embeddingDim: visionDim }
}
