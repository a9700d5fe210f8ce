import iconv from 'iconv-lite'

/** Decodes one piece after the other; `more`: another one follows, to which a character may reach. */
type PieceDecoder = (piece: Uint8Array, more: boolean) => string

/** Labels of encodings that were given up because they can hide markup (Encoding Standard, section 14.1). */
const replaced: ReadonlySet<string> = new Set([
  'replacement',
  'csiso2022kr',
  'hz-gb-2312',
  'iso-2022-cn',
  'iso-2022-cn-ext',
  'iso-2022-kr',
])
/** Labels of the standard that Node's own decoder does not take. */
const furtherNames: ReadonlySet<string> = new Set(['iso-8859-16', 'x-user-defined'])

/** Name of an encoding, by any of its labels in the Encoding Standard; null = none has it. */
export function encodingOf(label: string): string | null {
  const name = label.trim().toLowerCase()
  if (replaced.has(name)) return 'replacement'
  if (furtherNames.has(name)) return name
  try {
    return new TextDecoder(label).encoding
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** Decoder of an encoding by its name, as the Encoding Standard has it. Never throws: what fits nothing becomes U+FFFD. */
export function decoderOf(encoding: string): PieceDecoder {
  if (encoding === 'replacement') return () => '\ufffd'
  const table = singleByteTable(encoding)
  if (table !== null) return (piece) => byTable(piece, table)
  const library = doubleByte[encoding]
  if (library === undefined) {
    const decoder = new TextDecoder(encoding)
    return (piece, more) => decoder.decode(piece, { stream: more })
  }
  const decoder = iconv.getDecoder(library)
  const mend = encoding.startsWith('gb') ? standardGb : (text: string) => text
  return (piece, more) => {
    const text = decoder.write(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength))
    return mend(more ? text : text + (decoder.end() ?? ''))
  }
}

/**
 * What iconv-lite calls the encodings of the standard with two bytes and more. Node's own decoder gives other characters for thousands of
 * their code points, and other ones from version to version.
 */
const doubleByte: Readonly<Record<string, string>> = {
  big5: 'big5-hkscs',
  'euc-jp': 'eucjp',
  'euc-kr': 'cp949',
  gb18030: 'gb18030',
  gbk: 'gb18030',
  shift_jis: 'shiftjis',
}

/** Characters that were private in GB 18030 of 2005 and have code points of their own since 2022, each with the one in its place. */
const gb18030of2022: ReadonlyMap<string, string> = new Map(
  [
    ...[0xe78d, 0xe78e, 0xe78f, 0xe790, 0xe791, 0xe792, 0xe793, 0xe794, 0xe795, 0xe796],
    ...[0xe81e, 0xe826, 0xe82b, 0xe82c, 0xe832, 0xe843, 0xe854, 0xe864],
  ].map((code, i): [string, string] => [
    String.fromCharCode(code),
    [...'︐︒︑︓︔︕︖︗︘︙龴龵龶龷龸龹龺龻'][i] ?? '\ufffd',
  ]),
)

function standardGb(text: string): string {
  return text.replace(/[\ue78d-\ue796\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864]/g, (char) => {
    return gb18030of2022.get(char) ?? char
  })
}

const multiByte: ReadonlySet<string> = new Set([
  ...Object.keys(doubleByte),
  'utf-8',
  'utf-16le',
  'utf-16be',
  'iso-2022-jp',
])
/** Bytes for which iconv-lite has other characters than the standard. */
const mended: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  'koi8-u': { 174: 0x45e, 190: 0x40e },
  macintosh: { 189: 0x3a9, 219: 0x20ac, 240: 0xf8ff },
  'x-mac-cyrillic': { 162: 0x490, 182: 0x491, 255: 0x20ac },
}
const libraryNames: Readonly<Record<string, string>> = {
  'iso-8859-8-i': 'iso-8859-8',
  'x-mac-cyrillic': 'maccyrillic',
}

/** Code units of all bytes, in their order; null = it is no encoding of single bytes. */
function singleByteTable(encoding: string): Uint16Array | null {
  if (multiByte.has(encoding)) return null
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  if (encoding === 'x-user-defined') {
    return Uint16Array.from(bytes, (byte) => (byte < 0x80 ? byte : 0xf700 + byte))
  }
  const text = iconv.decode(bytes, libraryNames[encoding] ?? encoding)
  return Uint16Array.from(bytes, (byte) => {
    const code = mended[encoding]?.[byte] ?? text.charCodeAt(byte)
    // The standard has control characters where Microsoft's tables have nothing.
    return code === 0xfffd && byte < 0xa0 ? byte : code
  })
}

function byTable(piece: Uint8Array, table: Uint16Array): string {
  const codes = new Uint16Array(piece.length)
  for (let at = 0; at < piece.length; at++) codes[at] = table[piece[at] ?? 0] ?? 0xfffd
  return Buffer.from(codes.buffer).toString('utf16le')
}
