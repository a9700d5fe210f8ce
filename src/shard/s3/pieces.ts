import type { OnAbort } from '../../net/index.js'

/**
 * Bytes of a piece of an object: what one request carries. S3 wants at least 5 MiB of all but the last; larger ones cost
 * fewer requests and more memory.
 */
export const pieceBytes = 16 << 20
/** S3 takes so many pieces of one upload. */
export const maxUploadPieces = 10_000
/** Pieces in flight in one store, whatever it is busy with. */
const piecesAtOnce = 3

export interface Piece {
  /** From 0. */
  readonly index: number
  readonly offset: number
  readonly size: number
}

/**
 * How an object of `size` bytes is cut: pieces of `pieceBytes`, the last one smaller; larger ones where more than `most`
 * would be needed (an upload of over 156 GiB).
 */
export function piecesOf(size: number, most = Number.POSITIVE_INFINITY): Piece[] {
  const bytes = Math.max(pieceBytes, Math.ceil(size / most))
  return Array.from({ length: Math.ceil(size / bytes) }, (_, index) => {
    const offset = index * bytes
    return { index, offset, size: Math.min(bytes, size - offset) }
  })
}

/** The memory of pieces in flight: at most `piecesAtOnce` of them, kept and used again. */
export interface PieceMemory {
  /** Waits for its turn; the buffer is the caller's while `work` goes on and not after. */
  use<T>(size: number, work: (buffer: Buffer) => Promise<T>, signal: AbortSignal): Promise<T>
}

export function createPieceMemory(): PieceMemory {
  const spare: Buffer[] = []
  const waiting: (() => void)[] = []
  let free = piecesAtOnce
  const take = async (signal: AbortSignal) => {
    signal.throwIfAborted()
    if (free > 0) {
      free--
      return
    }
    // Every holder of a buffer has a deadline, so a turn comes.
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  const give = () => {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }
  return {
    async use(size, work, signal) {
      await take(signal)
      try {
        signal.throwIfAborted()
        const kept = spare.pop()
        const buffer = kept !== undefined && kept.length >= size ? kept : Buffer.allocUnsafeSlow(size)
        const result = await work(buffer.subarray(0, size))
        // Only after success: a request that was given up may still hold the buffer for a moment.
        if (buffer.length <= pieceBytes) spare.push(buffer)
        return result
      } finally {
        give()
      }
    },
  }
}

/** Does `work` for every piece, several at once; the first failure stops the others, and all have ended when it throws. */
export async function eachPiece(
  pieces: readonly Piece[],
  work: (piece: Piece, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  onAbort: OnAbort,
): Promise<void> {
  const failing = new AbortController()
  signal.throwIfAborted()
  const deafen = onAbort(signal, () => failing.abort(signal.reason))
  let next = 0
  const worker = async () => {
    for (let piece = pieces[next++]; piece !== undefined; piece = pieces[next++]) {
      failing.signal.throwIfAborted()
      try {
        await work(piece, failing.signal)
      } catch (error) {
        failing.abort(error)
        throw error
      }
    }
  }
  try {
    const workers = Array.from({ length: Math.min(piecesAtOnce, pieces.length) }, worker)
    const ended = await Promise.allSettled(workers)
    if (ended.some(({ status }) => status === 'rejected')) throw failing.signal.reason
  } finally {
    deafen()
  }
}
