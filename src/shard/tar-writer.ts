import type { FileSums, SummedFile } from './summed-file.js'
import { blockBytes, encodeHeader, paddingBytes } from './tar.js'

const zeros = Buffer.alloc(2 * blockBytes)

/** Answers where its bytes begin in the archive. */
export async function addMember(file: SummedFile, name: string, bytes: Uint8Array): Promise<number> {
  await file.append(encodeHeader({ name, size: bytes.length }))
  const offset = file.size
  await file.append(bytes)
  await file.append(zeros.subarray(0, paddingBytes(bytes.length)))
  return offset
}

/** Two blocks of zeros end an archive. */
export async function endArchive(file: SummedFile): Promise<FileSums> {
  await file.append(zeros)
  return await file.finish()
}
