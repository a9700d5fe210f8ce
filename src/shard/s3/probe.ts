import { randomUUID } from 'node:crypto'
import type { S3Link } from './link.js'
import { isFault } from './upload.js'

/** Short-lived objects by which a store is tried. */
export const probePrefix = '.pairmill/probe/'

/**
 * Whether the store honours `If-None-Match: *` on a write (RFC 9110 section 13.1.2). Some refuse it, and some take no
 * notice, so the same name is written twice: the second must be turned away.
 */
export async function isConditional(link: S3Link, tries: number, signal: AbortSignal): Promise<boolean> {
  const name = `${probePrefix}${randomUUID()}`
  const { PutObjectCommand, DeleteObjectCommand } = link.sdk
  const body = Buffer.from('Whether this can be written twice.\n')
  const write = () =>
    link.call(
      'trying to write',
      (bounded) =>
        link.client.send(
          new PutObjectCommand({
            ...link.object(name),
            Body: body,
            ContentLength: body.length,
            IfNoneMatch: '*',
          }),
          { abortSignal: bounded },
        ),
      { signal, tries },
    )
  try {
    await write()
    await write()
    return false
  } catch (error) {
    if (isFault(error, 'precondition')) return true
    if (isFault(error, 'unsupported')) return false
    throw error
  } finally {
    // Best effort: what is left of it is a few bytes that the sweep takes away.
    await link
      .call(
        'trying to remove',
        (bounded) => link.client.send(new DeleteObjectCommand(link.object(name)), { abortSignal: bounded }),
        { signal: new AbortController().signal, tries: 1 },
      )
      .catch(() => {})
  }
}
