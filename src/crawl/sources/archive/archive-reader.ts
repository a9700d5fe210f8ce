import { setImmediate } from 'node:timers/promises'
import { publishedPlace, shownUrl } from '../../../records/index.js'
import type { VisitOptions } from '../../visit.js'
import {
  SourceError,
  type SourceProblem,
  type SourceReader,
  type SourceSkip,
  type SourceStep,
} from '../source.js'
import type { ArchivePlace, ArchiveSource, RecordFault } from './archive.js'
import { readArchive } from './archive-records.js'
import { judgeRecord, wantsBlock } from './archived-page.js'
import type { ByteFile, OpenFile } from './byte-file.js'
import { ByteWindow } from './byte-window.js'
import { kindOfFile, namesS3, readPaths, resolvePath } from './path-list.js'

export interface ArchiveDeps {
  readonly openFile: OpenFile
  /** By which archived pages are read as if they were visited. */
  readonly visit: VisitOptions
  /** Milliseconds, from any zero. */
  readonly now: () => number
}

/** A page of the largest size with its head, and with what codings may add. */
const slackBytes = 1024 * 1024
/** Archives of a list that are refused in a row before we take it that all are refused to us. */
const maxRefusals = 3
/** Completes "PATH: ...". */
const whyNotS3 = 'only a list in s3://, or --base s3://..., may name what lies there'
/** Reading leaves the thread to others after so long. */
const mostBusyMs = 20

/** Reads an archive, or all archives of a list one after the other. */
export function archiveReader(source: ArchiveSource, deps: ArchiveDeps): SourceReader {
  const { place } = source
  return {
    check: (cursor, signal) => check(source, deps, cursor, signal),
    async *steps(cursor, signal) {
      const opened = await deps.openFile(place, signal)
      if (opened.kind !== 'file') throw new SourceError(`${shownUrl(place)} cannot be read: ${opened.detail}`)
      const { file } = opened
      try {
        const what = kindOfFile(place, file.start)
        if (what.kind === 'neither') throw new SourceError(`${shownUrl(place)} cannot be read: ${what.why}`)
        yield* what.kind === 'archive'
          ? readOne(place, file, cursor, deps, signal)
          : readList(source, file, cursor, deps, signal)
      } finally {
        await file.close()
      }
    },
  }
}

/** Where the reading of an archive stands, and of which one. */
interface FileCursor {
  readonly place: ArchivePlace
  readonly version: string
}

/** Where the reading of a list stands. */
interface ListCursor {
  /** Lines that are done. */
  readonly lines: number
  readonly version: string
  /** In the archive that the next line names; '' = at its beginning. */
  readonly file: string
}

const fileCursorOf = ({ offset, skip }: ArchivePlace, version: string): string =>
  `${offset}+${skip} ${version}`

function parseFileCursor(cursor: string): FileCursor | null {
  const [, offset, skip, version] = /^(\d+)\+(\d+) (\S+)$/.exec(cursor) ?? []
  if (version === undefined) return null
  return { place: { offset: Number(offset), skip: Number(skip) }, version }
}

const listCursorOf = ({ lines, version, file }: ListCursor): string =>
  file === '' ? `${lines} ${version}` : `${lines} ${version} ${file}`

function parseListCursor(cursor: string): ListCursor | null {
  const [, lines, version, file = ''] = /^(\d+) (\S+)(?: (.+))?$/.exec(cursor) ?? []
  return version === undefined ? null : { lines: Number(lines), version, file }
}

async function check(
  { place, base }: ArchiveSource,
  deps: ArchiveDeps,
  cursor: string,
  signal: AbortSignal,
): Promise<SourceProblem | null> {
  try {
    const opened = await deps.openFile(place, signal)
    if (opened.kind !== 'file') return unreadable(place, opened.detail)
    const { file } = opened
    try {
      const what = kindOfFile(place, file.start)
      if (what.kind === 'neither') return unreadable(place, what.why)
      if (cursor === '') return null
      if (what.kind === 'archive') {
        return parseFileCursor(cursor)?.version === file.version ? null : changed(place, 'archive')
      }
      const at = parseListCursor(cursor)
      if (at?.version !== file.version) return changed(place, 'list of archives')
      if (at.file === '') return null
      const line = (await readPaths(place, file, signal))[at.lines]
      if (line === undefined) return changed(place, 'list of archives')
      const named = resolvePath(line, place, base)
      return named === null ? null : await checkNamed(named, at.file, deps, signal)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof SourceError) return { kind: 'unreadable', message: error.message }
    throw error
  }
}

/** One that is gone, or may not be named any more, is told, and passed over, when it is read. */
async function checkNamed(
  place: string,
  cursor: string,
  deps: ArchiveDeps,
  signal: AbortSignal,
): Promise<SourceProblem | null> {
  const opened = await deps.openFile(place, signal)
  if (opened.kind !== 'file') return null
  await opened.file.close()
  return parseFileCursor(cursor)?.version === opened.file.version ? null : changed(place, 'archive')
}

function unreadable(place: string, why: string): SourceProblem {
  return { kind: 'unreadable', message: `${shownUrl(place)} cannot be read: ${why}` }
}

function changed(place: string, what: string): SourceProblem {
  return {
    kind: 'changed',
    message: `${shownUrl(place)} is not the ${what} any more that this run has begun to read: give it back, or start a new run with another --out`,
  }
}

async function* readOne(
  place: string,
  file: ByteFile,
  cursor: string,
  deps: ArchiveDeps,
  signal: AbortSignal,
): AsyncGenerator<SourceStep> {
  const from = parseFileCursor(cursor)?.place ?? { offset: 0, skip: 0 }
  const window = new ByteWindow((offset) => file.bytes(offset, signal), from.offset)
  const rules = { wants: wantsBlock, maxBytes: deps.visit.maxBytes + slackBytes }
  let since = deps.now()
  try {
    for await (const { offset, read, next } of readArchive(window, from.skip, rules)) {
      const judged =
        read.kind === 'fault'
          ? { candidates: [], counters: brokenCounters(read.reason), fault: read }
          : await judgeRecord(read, publishedPlace(place), deps.visit, signal)
      signal.throwIfAborted()
      const { candidates, counters, fault } = judged
      const skipped = fault === null ? [] : [skippedAt(place, { byte: offset }, fault.reason, fault.detail)]
      yield { cursor: fileCursorOf(next, file.version), candidates, skipped, counters }
      if (deps.now() - since < mostBusyMs) continue
      await setImmediate()
      since = deps.now()
    }
  } finally {
    await window.close()
  }
}

async function* readList(
  { place, base }: ArchiveSource,
  list: ByteFile,
  cursor: string,
  deps: ArchiveDeps,
  signal: AbortSignal,
): AsyncGenerator<SourceStep> {
  const { version } = list
  const from = parseListCursor(cursor) ?? { lines: 0, version, file: '' }
  const paths = await readPaths(place, list, signal)
  let begunAt = from.file
  let refusals = 0
  for (let lines = from.lines; lines < paths.length; lines++) {
    const path = paths[lines]?.trim() ?? ''
    if (path === '') continue
    const within = begunAt
    begunAt = ''
    const behind = listCursorOf({ lines: lines + 1, version, file: '' })
    const passedOver = (reason: RecordFault, detail: string): SourceStep => ({
      cursor: behind,
      candidates: [],
      skipped: [skippedAt(place, { line: lines + 1 }, reason, detail)],
      counters: { [`record_skipped:${reason}`]: 1 },
    })
    const named = resolvePath(path, place, base)
    if (named === null) {
      yield passedOver('bad_path', namesS3(path) ? `${path}: ${whyNotS3}` : shownUrl(path))
      continue
    }
    const opened = await deps.openFile(named, signal)
    if (opened.kind === 'refused' && ++refusals === maxRefusals) {
      throw new SourceError(
        `${shownUrl(named)} cannot be read, nor those before it: ${opened.detail}; the same command goes on from there`,
      )
    }
    if (opened.kind !== 'file') {
      yield passedOver(opened.kind, `${shownUrl(named)}: ${opened.detail}`)
      continue
    }
    refusals = 0
    const { file } = opened
    try {
      const what = kindOfFile(named, file.start)
      if (what.kind !== 'archive') {
        yield passedOver(
          'not_warc',
          what.kind === 'neither'
            ? `${shownUrl(named)}: ${what.why}`
            : `${shownUrl(named)} is a list of paths itself`,
        )
        continue
      }
      const begun = parseFileCursor(within)
      if (begun !== null && begun.version !== file.version) {
        throw new SourceError(
          `${shownUrl(named)} has changed since it was begun: a new run can begin with it`,
        )
      }
      for await (const step of readOne(named, file, within, deps, signal)) {
        yield { ...step, cursor: listCursorOf({ lines, version, file: step.cursor }) }
      }
      yield { cursor: behind, candidates: [], skipped: [], counters: { archives: 1 } }
    } finally {
      await file.close()
    }
  }
}

function brokenCounters(reason: RecordFault): Record<string, number> {
  return { records: 1, [`record_skipped:${reason}`]: 1 }
}

function skippedAt(file: string, at: SourceSkip['at'], reason: RecordFault, detail: string): SourceSkip {
  return { file, at, reason, detail: detail === '' ? null : detail }
}
