import type { ArchivePlace } from './archive.js'
import type { ByteWindow } from './byte-window.js'
import { gzipMagic, memberBeginning, openMember, type PlainText } from './gzip-member.js'
import { TextReader } from './text-reader.js'
import { type RecordHead, type RecordRead, readRecord, startsRecord } from './warc-record.js'

/** Record of an archive, or a break in it. */
interface FoundRecord {
  /** Where it begins, or the gzip member that it is in. */
  readonly offset: number
  readonly read: Exclude<RecordRead, { kind: 'end' }>
  /** Where reading goes on behind it. */
  readonly next: ArchivePlace
}

interface RecordRules {
  /** Whether a record's block is needed. */
  readonly wants: (head: RecordHead) => boolean
  /** Largest block that is held. */
  readonly maxBytes: number
}

/**
 * The search for what follows a broken record begins right behind its first byte, or so far before the place that was reached when it
 * showed to be broken: going back further each time would let a hostile file cost the square of its length.
 */
const maxMemberBackBytes = 1024 * 1024
const maxPlainBackBytes = 64 * 1024 * 1024
/** Bytes of a member behind a broken record that are unfolded at most, to find where the member ends. */
const maxRestBytes = 256 * 1024 * 1024
/** Enough of a member to see whether a record begins it. */
const memberStartBytes = 1024
/** With the line end before it, so that a text which speaks of records is not so easily taken for one. */
const plainMark = Buffer.from('\nWARC/')

/**
 * The records of an archive from the window's offset on, without the first `skip` of the gzip member there. What is broken is told once,
 * and reading goes on with the next record that can be found. Ends with the file.
 */
export async function* readArchive(
  window: ByteWindow,
  skip: number,
  rules: RecordRules,
): AsyncGenerator<FoundRecord> {
  await window.has(memberStartBytes)
  if (/^\s*WARC\//.test(window.held.toString('latin1', 0, 64))) yield* readPlain(window, rules)
  else yield* readMembers(window, skip, rules)
}

async function* readMembers(
  window: ByteWindow,
  skip: number,
  rules: RecordRules,
): AsyncGenerator<FoundRecord> {
  let done = skip
  while (await window.has(1)) {
    const offset = window.offset
    const text = new TextReader(await openMember(window), 'member')
    for (let index = 0; ; index++) {
      const isNew = index >= done
      let read = await readRecord(text, isNew ? rules.wants : () => false, rules.maxBytes)
      if (read.kind === 'end') break
      if (read.kind === 'fault') {
        if (text.ended === null) await text.drop(maxRestBytes)
        // Broken data explain whatever is odd in them.
        if (text.ended?.kind === 'broken') read = { ...text.ended, kind: 'fault' }
        if (text.ended?.kind !== 'end') await findMember(window, offset)
      }
      // Behind a record it is known already whether another one follows in the member.
      const isLast = read.kind === 'fault' || text.held.length === 0
      const next = isLast ? { offset: window.offset, skip: 0 } : { offset, skip: index + 1 }
      if (isNew) yield { offset, read, next }
      if (isLast) break
    }
    done = 0
  }
}

/** Moves to the next member that holds a record, or to the end of the file. */
async function findMember(window: ByteWindow, brokenAt: number): Promise<void> {
  await window.seek(Math.max(brokenAt + 1, window.offset - maxMemberBackBytes))
  for (;;) {
    const at = window.held.indexOf(gzipMagic)
    if (at < 0) {
      // The magic may lie across two pieces of the file.
      window.take(Math.max(0, window.held.length - gzipMagic.length + 1))
      if (await window.more()) continue
      window.take(window.held.length)
      return
    }
    window.take(at)
    await window.has(memberStartBytes)
    const start = memberBeginning(window.held)
    if (start !== null && startsRecord(start)) return
    window.take(1)
  }
}

async function* readPlain(window: ByteWindow, rules: RecordRules): AsyncGenerator<FoundRecord> {
  for (;;) {
    const text = new TextReader(restOf(window), 'file')
    const reached = () => window.offset - text.held.length
    for (;;) {
      const offset = reached()
      const read = await readRecord(text, rules.wants, rules.maxBytes)
      if (read.kind === 'end') return
      if (read.kind === 'record') {
        yield { offset, read, next: { offset: reached(), skip: 0 } }
        continue
      }
      await findPlain(window, Math.max(offset + 1, reached() - maxPlainBackBytes))
      yield { offset, read, next: { offset: window.offset, skip: 0 } }
      break
    }
  }
}

function restOf(window: ByteWindow): PlainText {
  return {
    pull: async () => {
      if (!(await window.has(1))) return { kind: 'end' }
      const bytes = window.held
      window.take(bytes.length)
      return { kind: 'bytes', bytes }
    },
  }
}

/** Moves to the next record behind `from`, or to the end of the file. */
async function findPlain(window: ByteWindow, from: number): Promise<void> {
  await window.seek(from)
  for (;;) {
    const at = window.held.indexOf(plainMark)
    if (at >= 0) {
      window.take(at + 1)
      return
    }
    window.take(Math.max(0, window.held.length - plainMark.length + 1))
    if (await window.more()) continue
    window.take(window.held.length)
    return
  }
}
