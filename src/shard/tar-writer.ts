import type { FileSums, SummedFile } from './summed-file.js'
import { blockBytes, encodeHeader, paddingBytes } from './tar.js'

const zeros = Buffer.alloc(2 * blockBytes)

export async function addMember(file: SummedFile, name: string, bytes: Uint8Array): Promise<void> {
  await file.append(encodeHeader({ name, size: bytes.length }))
  await file.append(bytes)
  await file.append(zeros.subarray(0, paddingBytes(bytes.length)))
}

/** Two blocks of zeros end an archive. */
export async function endArchive(file: SummedFile): Promise<FileSums> {
  await file.append(zeros)
  return await file.finish()
}
