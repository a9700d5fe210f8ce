import { encodeHeader, paddingBytes } from '../../shard/index.js'
import type { FeedSample } from '../sample.js'

/** Two blocks of zeros end a tar. */
export const tarEnd: Uint8Array = new Uint8Array(1024)

const zeros = Buffer.alloc(512)

/**
 * A sample as members of a tar: KEY.jpg, KEY.json, KEY.txt, with the caption that was asked for; as it stands in its own tar where nothing is another
 * one. `state` null = no KEY.state. Pure.
 */
export function sampleBytes(name: string, sample: FeedSample, state: string | null): Uint8Array {
  const { key, image, caption, record, tar } = sample
  const isAsStored = name === key && caption === record.caption
  if (isAsStored && state === null) return tar
  const pieces: Uint8Array[] = isAsStored
    ? [tar]
    : [
        ...memberOf(`${name}.${image.format}`, image.bytes),
        ...memberOf(`${name}.json`, Buffer.from(JSON.stringify(record))),
        ...memberOf(`${name}.txt`, Buffer.from(caption)),
      ]
  if (state !== null) pieces.push(...memberOf(`${name}.state`, Buffer.from(state)))
  return Buffer.concat(pieces)
}

const memberOf = (name: string, bytes: Uint8Array): Uint8Array[] => [
  encodeHeader({ name, size: bytes.length }),
  bytes,
  zeros.subarray(0, paddingBytes(bytes.length)),
]
