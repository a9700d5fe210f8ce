/** Header of a file of NumPy's format, version 1.0: a matrix of 16-bit floats, row by row. */
export function npyHeader(rows: number, columns: number): Buffer {
  const dictionary = `{'descr': '<f2', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`
  // The data begins at a multiple of 64 bytes; the header ends with a line feed.
  const length = Math.ceil((prefixBytes + dictionary.length + 1) / 64) * 64 - prefixBytes
  const header = Buffer.alloc(prefixBytes + length, ' ')
  magic.copy(header)
  header.writeUInt16LE(length, magic.length)
  header.write(dictionary, prefixBytes, 'latin1')
  header.write('\n', header.length - 1, 'latin1')
  return header
}

/** Shape of a matrix of 16-bit floats, and where it begins in its file; null = it is none, or of another kind. `start`: the file's first bytes. */
export function parseNpyHeader(
  start: Uint8Array,
): { readonly rows: number; readonly columns: number; readonly offset: number } | null {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length)
  if (bytes.length < prefixBytes || !bytes.subarray(0, magic.length).equals(magic)) return null
  const offset = prefixBytes + bytes.readUInt16LE(magic.length)
  const dictionary = bytes.toString('latin1', prefixBytes, offset)
  const [, rows, columns] =
    /^\{'descr': '<f2', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \} *\n$/.exec(dictionary) ?? []
  if (rows === undefined || columns === undefined) return null
  return { rows: Number(rows), columns: Number(columns), offset }
}

const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1')
/** The magic and the header's length. */
const prefixBytes = 10
