import { type FileHandle, open } from 'node:fs/promises'
import { npyHeader, parseNpyHeader } from '../npy.js'
import { type FileSums, SummedFile } from '../summed-file.js'
import { readExactly } from '../tar-reader.js'

/** Longer headers are none that `npyHeader` writes. */
const mostHeaderBytes = 256

/** Writes a matrix anew without some of its rows, of which `gone` names the places, by how many it has. Throws where the file is no matrix of 16-bit floats. */
export async function rewriteNpy(
  source: string,
  target: string,
  gone: (rows: number) => ReadonlySet<number>,
  signal: AbortSignal,
): Promise<FileSums> {
  const handle = await open(source)
  try {
    const { rows, columns, offset } = await shapeOf(handle)
    const places = gone(rows)
    const file = await SummedFile.create(target)
    try {
      await file.append(npyHeader(rows - places.size, columns))
      const row = Buffer.alloc(2 * columns)
      for (let i = 0; i < rows; i++) {
        signal.throwIfAborted()
        if (places.has(i)) continue
        await readExactly(handle, row, row.length, offset + i * row.length)
        await file.append(row)
      }
      return await file.finish()
    } finally {
      await file.abandon()
    }
  } finally {
    await handle.close()
  }
}

async function shapeOf(handle: FileHandle) {
  const { size } = await handle.stat()
  const start = Buffer.alloc(Math.min(size, mostHeaderBytes))
  await readExactly(handle, start, start.length, 0)
  const shape = parseNpyHeader(start)
  if (shape === null || size !== shape.offset + 2 * shape.rows * shape.columns)
    throw new Error('it is no matrix of 16-bit floats')
  return shape
}
