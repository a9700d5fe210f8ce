/** Encodings in which lists are read: UTF-16 is what spreadsheets and shells of Windows write. */
type ListEncoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** So many bytes tell an encoding. */
const signBytes = 4

/**
 * Encoding of a list by its first four bytes: a byte order mark, or the zeros that ASCII has in wide characters, for every list begins with
 * ASCII. null = none that is read: UTF-32, or no text at all.
 */
export function encodingOf(start: Uint8Array): ListEncoding | null {
  const [first = 1, second = 1, third = 1, fourth = 1] = start
  if ((first === 0 && second === 0) || (third === 0 && fourth === 0)) return null
  if ((first === 0xff && second === 0xfe) || second === 0) return 'utf-16le'
  return (first === 0xfe && second === 0xff) || first === 0 ? 'utf-16be' : 'utf-8'
}

/** A list as text, piece by piece; a byte order mark is left out, what its encoding does not have becomes U+FFFD. */
export async function* textIn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let start: Uint8Array = new Uint8Array(0)
  let decoder: ReturnType<typeof decoderOf> | null = null
  for await (const piece of bytes) {
    if (decoder !== null) {
      yield decoder.decode(piece, { stream: true })
      continue
    }
    start = start.length === 0 ? piece : Buffer.concat([start, piece])
    if (start.length < signBytes) continue
    decoder = decoderOf(start)
    yield decoder.decode(start, { stream: true })
  }
  yield decoder === null ? decoderOf(start).decode(start) : decoder.decode()
}

const decoderOf = (start: Uint8Array) => new TextDecoder(encodingOf(start) ?? 'utf-8')
