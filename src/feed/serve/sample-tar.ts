import { encodeHeader, paddingBytes } from '../../shard/index.js'
import type { FeedSample } from '../sample.js'

/** Two blocks of zeros end a tar. */
export const tarEnd: Uint8Array = new Uint8Array(1024)

const zeros = Buffer.alloc(512)

/** A sample as members of a tar: KEY.jpg, KEY.json, KEY.txt, with the caption that was asked for. `state` null = no KEY.state. Pure. */
export function sampleBytes(name: string, sample: FeedSample, state: string | null): Buffer {
  const members: [string, Uint8Array][] = [
    [sample.image.format, sample.image.bytes],
    ['json', Buffer.from(JSON.stringify(sample.record))],
    ['txt', Buffer.from(sample.caption)],
  ]
  if (state !== null) members.push(['state', Buffer.from(state)])
  return Buffer.concat(
    members.flatMap(([extension, bytes]) => [
      encodeHeader({ name: `${name}.${extension}`, size: bytes.length }),
      bytes,
      zeros.subarray(0, paddingBytes(bytes.length)),
    ]),
  )
}
