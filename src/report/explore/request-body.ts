import type { IncomingMessage } from 'node:http'
import { Refusal } from './problem.js'

/** The whole body of a request, of one of these types. Throws Refusal. */
export async function bodyOf(
  request: IncomingMessage,
  types: readonly string[],
  mostBytes: number,
): Promise<Uint8Array> {
  const type = request.headers['content-type'] ?? ''
  if (!types.some((one) => type.startsWith(one)))
    throw new Refusal(415, `expected a body of the type ${types.join(' or ')}`)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > mostBytes) throw new Refusal(413, `at most ${mostBytes} bytes are taken`)
    chunks.push(chunk as Buffer)
  }
  if (size === 0) throw new Refusal(400, 'the body is empty')
  return Buffer.concat(chunks)
}
