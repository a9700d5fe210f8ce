import { Readable } from 'node:stream'
import { defaultVisitOptions, openSource, type SourceStep } from '../../../../src/crawl/index.js'
import type { ByteFile, OpenFile } from '../../../../src/crawl/sources/index.js'

/** Files in memory that are read in pieces of so many bytes. */
export function filesOf(files: Readonly<Record<string, Buffer>>, pieceBytes = 1_000): OpenFile {
  return async (place) => {
    const bytes = files[place]
    if (bytes === undefined) return { kind: 'absent', detail: 'there is no such file' }
    const file: ByteFile = {
      version: `v${bytes.length}`,
      start: bytes.subarray(0, 64 * 1024),
      bytes: (from) => Readable.from(cutUp(bytes.subarray(from), pieceBytes)),
      close: async () => {},
    }
    return { kind: 'file', file }
  }
}

function* cutUp(bytes: Buffer, pieceBytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

export const archivePlace = '/archives/x.warc.gz'
export const visitOptions = { ...defaultVisitOptions, productToken: 'pairmill' }

export function readerOf(openFile: OpenFile, place = archivePlace, base: string | null = null) {
  return openSource({ kind: 'archive', place, base }, { openFile, visit: visitOptions, now: Date.now })
}

export const calm = () => new AbortController().signal

/** Everything that an archive gives. */
export async function stepsOf(bytes: Buffer, cursor = '', pieceBytes = 1_000): Promise<SourceStep[]> {
  const steps: SourceStep[] = []
  const reader = readerOf(filesOf({ [archivePlace]: bytes }, pieceBytes))
  for await (const step of reader.steps(cursor, calm())) steps.push(step)
  return steps
}

export interface Told {
  /** The images of all candidates, in order. */
  readonly images: readonly string[]
  readonly counters: Readonly<Record<string, number>>
  /** `reason@byte` of what is listed. */
  readonly skipped: readonly string[]
}

export function toldBy(steps: readonly SourceStep[]): Told {
  const counters: Record<string, number> = {}
  for (const step of steps) {
    for (const [name, count] of Object.entries(step.counters)) counters[name] = (counters[name] ?? 0) + count
  }
  return {
    images: steps.flatMap(({ candidates }) => candidates.map(({ imageUrl }) => imageUrl)),
    counters,
    skipped: steps.flatMap(({ skipped }) =>
      skipped.map(({ reason, at }) => `${reason}@${'byte' in at ? at.byte : at.line}`),
    ),
  }
}

export const told = async (bytes: Buffer, pieceBytes?: number): Promise<Told> =>
  toldBy(await stepsOf(bytes, '', pieceBytes))

export const imagesOf = (...numbers: readonly number[]): string[] =>
  numbers.map((n) => `http://img.test/${n}.jpg`)
