import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { Tokenizer } from '@huggingface/tokenizers'

/**
 * Values of CLIP's own `tokenizer.json`, however it is written, for its bytes come from a revision that moves. Digests are SHA-256 over JSON:
 * of [token, id] by id, the start and end tokens included, and of [left, right] in their order.
 */
const clipOwn = {
  entries: 49_408,
  vocabularySha256: '440822d1bda25e454ffd35bac9f1df0b6cbbd582e0c385e21cd258a0568507bd',
  merges: 48_894,
  mergesSha256: 'ed84f36fab1e4d8c4fa56cef608222fe1c66dcecf07359c039023aad620bab14',
  /** Lower case, white space, splitting, and the tokens around a text, all of which show in it. */
  caption: "A  Photo of 12 CAT's, d\u00e9j\u00e0 vu!",
  ids: [49406, 320, 1125, 539, 272, 273, 2368, 568, 267, 25466, 73, 21259, 13230, 256, 49407],
} as const

/**
 * Characters of a text that are looked at. Far more than 77 tokens can hold, and it bounds the time that one
 * absurd text can take.
 */
const maxChars = 4_000

/** Turns captions into a text model's tokens. */
export interface CaptionTokenizer {
  /** The end token; also what shorter texts of a batch are filled up with. */
  readonly endId: number
  /** Token ids from start to end token, 2 to `maxTokens`; what is too long loses its tail, never the end token. */
  encode(text: string): readonly number[]
}

/** Reads the text of a `tokenizer.json`; the error is one line, for people. */
export function createTokenizer(
  text: string,
  maxTokens: number,
): CaptionTokenizer | { readonly error: string } {
  const json = parseObject(text)
  if ('error' in json) return json
  let tokenizer: Tokenizer
  let empty: readonly number[]
  try {
    tokenizer = new Tokenizer(json.value, {})
    empty = tokenizer.encode('').ids
  } catch (cause) {
    return { error: `is no tokenizer (${messageOf(cause)})` }
  }
  const [startId, endId] = empty
  if (startId === undefined || endId === undefined || empty.length !== 2) {
    return {
      error: `gives ${empty.length} tokens for an empty text, where CLIP has a start and an end token`,
    }
  }
  return {
    endId,
    encode: (caption) => {
      const ids = tokenizer.encode(caption.slice(0, maxChars)).ids
      return ids.length <= maxTokens ? ids : [...ids.slice(0, maxTokens - 1), endId]
    },
  }
}

/** Fault in the text of CLIP's own `tokenizer.json`, checked by its values, one line for people; null = none. */
export function clipTokenizerFault(text: string): string | null {
  const json = parseObject(text)
  if ('error' in json) return json.error
  const model = json.value.model
  const vocabulary = isObject(model) ? model.vocab : undefined
  if (!isObject(vocabulary)) return 'is no tokenizer (it has no model.vocab)'
  const entries = Object.entries(vocabulary).sort(([, a], [, b]) => Number(a) - Number(b))
  if (entries.length !== clipOwn.entries)
    return `has ${entries.length} entries, where CLIP's has ${clipOwn.entries}`
  if (sha256Of(entries) !== clipOwn.vocabularySha256) {
    return "has another vocabulary than CLIP's (model.vocab): a token, or the number of one, differs"
  }
  const merges = isObject(model) && Array.isArray(model.merges) ? model.merges.map(pairOf) : []
  if (merges.length !== clipOwn.merges)
    return `has ${merges.length} merges, where CLIP's has ${clipOwn.merges}`
  if (sha256Of(merges) !== clipOwn.mergesSha256) {
    return "has other merges than CLIP's (model.merges), or has them in another order"
  }
  const tokenizer = createTokenizer(text, clipOwn.ids.length)
  if ('error' in tokenizer) return tokenizer.error
  const ids = tokenizer.encode(clipOwn.caption)
  return isDeepStrictEqual(ids, clipOwn.ids)
    ? null
    : `takes ${JSON.stringify(clipOwn.caption)} for the tokens ${ids.join(' ')}, which are ${clipOwn.ids.join(' ')} by CLIP's (normalizer, pre_tokenizer or post_processor)`
}

/** Older files write `left right` for [left, right]. */
function pairOf(merge: unknown): unknown {
  return typeof merge === 'string' ? merge.split(' ') : merge
}

function sha256Of(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}

function parseObject(text: string): { value: Record<string, unknown> } | { error: string } {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? { value } : { error: 'is no JSON object' }
  } catch (cause) {
    return { error: `is no JSON (${messageOf(cause)})` }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
