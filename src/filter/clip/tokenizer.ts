import { Tokenizer } from '@huggingface/tokenizers'

/** Entries of CLIP's byte-pair vocabulary, its start and end tokens included. */
const clipVocabulary = 49_408

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

/** What is wrong with the text of CLIP's own `tokenizer.json`; null = nothing. Cheaper than building it. */
export function clipTokenizerFault(text: string): string | null {
  const json = parseObject(text)
  if ('error' in json) return json.error
  const model = json.value.model
  const vocabulary = isObject(model) ? model.vocab : undefined
  if (!isObject(vocabulary)) return 'is no tokenizer (it has no model.vocab)'
  const entries = Object.keys(vocabulary).length
  return entries === clipVocabulary ? null : `has ${entries} entries, where CLIP's has ${clipVocabulary}`
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
