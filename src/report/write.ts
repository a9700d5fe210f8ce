import { randomUUID } from 'node:crypto'
import { open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { messageOf } from '../records/index.js'
import { documentMark, isReport } from './document.js'

/** `foreign`: a file is there that is no report of this program, and was left alone. `problem`: why it cannot be written. */
export type NotWritten = { readonly kind: 'foreign' } | { readonly kind: 'problem'; readonly why: string }

/** Why no report can be written there, before one is made; null = one can. */
export async function placeProblem(path: string): Promise<NotWritten | null> {
  try {
    if (!(await stat(dirname(path))).isDirectory())
      return { kind: 'problem', why: `${dirname(path)} is no folder` }
    return (await isReplaceable(path)) ? null : { kind: 'foreign' }
  } catch (error) {
    return { kind: 'problem', why: messageOf(error) }
  }
}

/** Writes a report whole or not at all. One that is there already is replaced, and no other file. null = it is written. */
export async function writeReport(path: string, html: string): Promise<NotWritten | null> {
  const begun = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  try {
    if (!(await isReplaceable(path))) return { kind: 'foreign' }
    await writeFile(begun, html)
    await rename(begun, path)
    return null
  } catch (error) {
    await rm(begun, { force: true })
    return { kind: 'problem', why: messageOf(error) }
  }
}

async function isReplaceable(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'r')
    try {
      const { length } = documentMark
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
      return isReport(buffer.subarray(0, bytesRead))
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
}
