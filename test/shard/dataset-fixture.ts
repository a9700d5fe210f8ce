import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import sharp from 'sharp'
import { onTestFinished } from 'vitest'
import type { RejectReason, Row } from '../../src/records/index.js'
import {
  type PartRow,
  type Plan,
  type PlanPart,
  partName,
  type Store,
  writePart,
} from '../../src/shard/index.js'

export const calm = new AbortController().signal

/** A folder that is removed with the test. */
export async function tempFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pairmill-shard-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

export const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

/** A small JPEG that no other number gives. */
export async function picture(n: number): Promise<Buffer> {
  const background = { r: n % 256, g: Math.floor(n / 256) % 256, b: (n * 37) % 256 }
  const width = 16 + (n % 7)
  return await sharp({ create: { width, height: 12, channels: 3, background } })
    .jpeg({ quality: 90 })
    .withMetadata({ exif: { IFD0: { ImageDescription: `picture ${n}` } } })
    .toBuffer()
}

export function keptRow(n: number, image: Buffer, changes: Partial<Row> = {}): PartRow {
  const row: Row = {
    caption: `a picture with the number ${n}, naïve 写真`,
    url: `https://img.example/${n}.jpg`,
    reason: null,
    detail: null,
    width: 16 + (n % 7),
    height: 12,
    originalWidth: 1600,
    originalHeight: 1200,
    exif: '{}',
    sha256: sha256(`source ${n}`),
    storedSha256: sha256(image),
    pageUrl: `https://page.example/${n}`,
    captions: [{ source: 'alt', text: `a picture with the number ${n}, naïve 写真`, score: 0.3 }],
    clipScore: 0.25 + (n % 10) / 100,
    modelId: 'test-model/pre1',
    phash: n.toString(16).padStart(16, '0'),
    language: 'en',
    licenceUrl: n % 2 === 0 ? 'https://creativecommons.org/licenses/by/4.0/' : null,
    permission: { rule: 'robots:none', checkedAt: '2024-05-01T00:00:00.000Z' },
    tags: [],
    duplicateOf: null,
    ...changes,
  }
  return { row, image: { bytes: image, format: 'jpg' } }
}

export function rejectedRow(n: number, reason: RejectReason = 'http_4xx'): PartRow {
  const { row } = keptRow(n, Buffer.alloc(0))
  const nothing = { width: null, height: null, storedSha256: null, sha256: null, exif: null, phash: null }
  return {
    row: { ...row, ...nothing, reason, detail: 'HTTP 404', clipScore: null, modelId: null },
    image: null,
  }
}

export interface Spec {
  /** One number a part: how many of its rows carry an image, ... */
  readonly kept: number
  readonly rejected: number
  /** ... and how many of these the commit does not keep. */
  readonly losers?: number
}

/** Writes parts, kept and rejected rows mixed, and a plan over all of them. */
export async function planOf(
  store: Store,
  specs: readonly Spec[],
  changes: Partial<Plan> = {},
): Promise<Plan> {
  const parts: PlanPart[] = []
  let n = (changes.plan ?? 0) * 10_000
  for (const [at, spec] of specs.entries()) {
    const rows: PartRow[] = []
    for (let i = 0; i < Math.max(spec.kept, spec.rejected); i++) {
      if (i < spec.kept) rows.push(keptRow(++n, await picture(n)))
      if (i < spec.rejected) rows.push(rejectedRow(++n, i % 2 === 0 ? 'http_4xx' : 'score_low'))
    }
    const {
      name,
      size,
      sha256: sum,
      rows: count,
    } = await writePart(store, partName(`b${changes.plan ?? 0}-${at}`, 'f00d'), rows, calm)
    const withImage = [...rows.keys()].filter((row) => rows[row]?.image !== null)
    const losers = withImage.splice(0, spec.losers ?? 0)
    parts.push({
      batch: `b${at}`,
      name,
      size,
      sha256: sum,
      rows: count,
      kept: withImage,
      losers: losers.map((row) => ({
        row,
        reason: 'duplicate_exact' as const,
        duplicateOf: 'ab'.repeat(32),
      })),
    })
  }
  const kept = parts.reduce((sum, part) => sum + part.kept.length, 0)
  const shardSize = changes.shardSize ?? 10
  return {
    v: 1,
    run: 'run-1',
    plan: 0,
    createdAt: '2024-05-01T12:00:00.000Z',
    firstShard: 0,
    shards: Math.ceil(kept / shardSize),
    shardSize,
    seed: 'seed',
    format: 'jpg',
    modelId: 'test-model/pre1',
    parts,
    ...changes,
  }
}

/** Everything under a folder but what is under construction: name to bytes. */
export async function bytesUnder(dir: string): Promise<Map<string, string>> {
  await mkdir(dir, { recursive: true })
  const files = (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('.pairmill/tmp/'))
    .sort()
  const all = new Map<string, string>()
  for (const path of files) all.set(relative(dir, path), (await readFile(path)).toString('base64'))
  return all
}
