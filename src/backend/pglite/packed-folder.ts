import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

/** Entry of a packed folder; a folder stands before what lies in it. */
interface PackedEntry {
  /** Relative to the folder, with slashes. */
  readonly path: string
  /** Bytes of the file; null = a folder. */
  readonly size: number | null
  /** Bytes of it that are packed: the zeros at its end are not. */
  readonly packed: number
}

const headLengthBytes = 4

/** A folder of files as bytes: the length of the list of entries, the list, and the files' bytes in its order, compressed together. */
export function packFolder(folder: string): Buffer {
  const entries: PackedEntry[] = []
  const contents: Buffer[] = []
  for (const path of (readdirSync(folder, { recursive: true }) as string[]).sort()) {
    if (statSync(join(folder, path)).isDirectory()) {
      entries.push({ path, size: null, packed: 0 })
      continue
    }
    const bytes = readFileSync(join(folder, path))
    const content = bytes.subarray(0, endOfContent(bytes))
    entries.push({ path, size: bytes.length, packed: content.length })
    contents.push(content)
  }
  const head = Buffer.from(JSON.stringify(entries))
  const length = Buffer.alloc(headLengthBytes)
  length.writeUInt32LE(head.length)
  return gzipSync(Buffer.concat([length, head, ...contents]), { level: 9 })
}

/** Lays a packed folder where none is; holds the thread meanwhile. The zeros at the end of a file take no place on disk. */
export function unpackFolder(packed: Uint8Array, folder: string): void {
  const bytes = gunzipSync(packed)
  let at = headLengthBytes + bytes.readUInt32LE()
  const entries = JSON.parse(bytes.toString('utf8', headLengthBytes, at)) as readonly PackedEntry[]
  mkdirSync(folder)
  for (const { path, size, packed } of entries) {
    if (size === null) {
      mkdirSync(join(folder, path))
      continue
    }
    const file = openSync(join(folder, path), 'wx')
    try {
      for (const end = at + packed; at < end; ) at += writeSync(file, bytes, at, end - at)
      if (packed < size) ftruncateSync(file, size)
    } finally {
      closeSync(file)
    }
  }
}

/** Where the zeros begin that a file ends with. */
function endOfContent(bytes: Uint8Array): number {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return end
}
