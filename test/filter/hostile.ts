import { deflateSync } from 'node:zlib'
import sharp from 'sharp'

/** A picture that differs everywhere: smooth colours with a little noise, seeded by its own position. */
export function scene(width: number, height: number): Buffer {
  const pixels = Buffer.alloc(width * height * 3)
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      const noise = ((x * 7919 + y * 104729) % 61) - 30
      pixels[at] = clamp(255 * (x / width) + noise)
      pixels[at + 1] = clamp(255 * (y / height) + noise)
      pixels[at + 2] = clamp(127 + 120 * Math.sin((x + 2 * y) / 23) + noise)
    }
  return pixels
}

export const sceneOf = (width: number, height: number) =>
  sharp(scene(width, height), { raw: { width, height, channels: 3 } })

const clamp = (value: number) => Math.max(0, Math.min(255, Math.round(value)))

const crcTable = Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})
const crc = (bytes: Buffer) => {
  let c = 0xffffffff
  for (const byte of bytes) c = (crcTable[(c ^ byte) & 0xff]! ^ (c >>> 8)) >>> 0
  return (c ^ 0xffffffff) >>> 0
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length)
  body.copy(out, 4)
  out.writeUInt32BE(crc(body), body.length + 4)
  return out
}

export const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** A PNG whose header claims any size; its data is a run of zeros that deflates to nearly nothing. */
export function claimedPng(width: number, height: number, rawBytes = 1_000_000): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    pngSignature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(rawBytes))),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

/** A GIF87a of one colour that claims a size. */
export function claimedGif(width: number, height: number): Buffer {
  const head = Buffer.from(
    'GIF87a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\0\0\0\0\0\x02\x02\x44\x01\0;',
    'latin1',
  )
  head.writeUInt16LE(width, 6)
  head.writeUInt16LE(height, 8)
  return head
}

/** Gives the first frame header of a JPEG another size. */
export function claimedJpeg(jpeg: Buffer, width: number, height: number): Buffer {
  const out = Buffer.from(jpeg)
  let at = 2
  while (!(out[at + 1]! >= 0xc0 && out[at + 1]! <= 0xc2)) at += 2 + out.readUInt16BE(at + 2)
  out.writeUInt16BE(height, at + 5)
  out.writeUInt16BE(width, at + 7)
  return out
}

/** A 24-bit bitmap of one colour. */
export function bitmap(width: number, height: number): Buffer {
  const row = Math.ceil((width * 3) / 4) * 4
  const out = Buffer.alloc(54 + row * Math.abs(height), 200)
  out.fill(0, 0, 54)
  out.write('BM')
  out.writeUInt32LE(out.length, 2)
  out.writeUInt32LE(54, 10)
  out.writeUInt32LE(40, 14)
  out.writeInt32LE(width, 18)
  out.writeInt32LE(height, 22)
  out.writeUInt16LE(1, 26)
  out.writeUInt16LE(24, 28)
  return out
}

/** A segment of any length between a JPEG's start and what follows, as large metadata makes it. */
export function withSegment(jpeg: Buffer, marker: number, payload: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(payload.length + 2, 2)
  return Buffer.concat([jpeg.subarray(0, 2), head, payload, jpeg.subarray(2)])
}
