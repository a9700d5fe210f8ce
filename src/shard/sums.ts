import { createHash } from 'node:crypto'

export type SumAlgorithm = 'sha256' | 'md5'

/** Sums of one file, of which the pieces are given in order. */
export interface Sums {
  /** A piece of memory to be filled. */
  newPiece(bytes: number): Buffer
  /** Takes the next piece; until it resolves, the piece must stay as it is. */
  update(piece: Buffer): Promise<void>
  /** Lower-case hex; `''` for one that nobody asked for. */
  digest(): Promise<Readonly<Record<SumAlgorithm, string>>>
  /** Gives them up, finished or not. */
  abandon(): void
}

/** Where sums are made. */
export interface Summer {
  begin(): Sums
}

/** Sums that are made where they are asked for. */
export function ownSums(algorithms: readonly SumAlgorithm[]): Sums {
  const hashes = algorithms.map((name) => [name, createHash(name)] as const)
  return {
    newPiece: (bytes) => Buffer.allocUnsafe(bytes),
    update: async (piece) => {
      for (const [, hash] of hashes) hash.update(piece)
    },
    digest: async () => ({
      ...{ sha256: '', md5: '' },
      ...Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest('hex')])),
    }),
    abandon: () => {},
  }
}
