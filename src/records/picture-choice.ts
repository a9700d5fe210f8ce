import { isPictured } from './verdict.js'

/** Pictures of one reason that a batch gives, and that a plan keeps of those of its batches. */
export const picturesOfBatch = 4
export const picturesOfPlan = 16
/** Longer side of a picture of what was rejected, at most, in pixels. */
export const thumbnailSide = 160

/** A rejected row of which there is a picture. */
export interface Pictured {
  readonly reason: string
  /** Of the fetched bytes, lower-case hex. */
  readonly sha256: string
}

/**
 * Of all that is added, those with the lowest `sha256` of each reason that may be shown: so the choice is by chance, and the same in whatever
 * order they come. A picture is chosen once for a reason: of its rows, the first that is added.
 */
export class PictureChoice<T extends Pictured> {
  readonly #most: number
  readonly #ofReason = new Map<string, T[]>()

  /** `most`: of one reason. */
  constructor(most: number) {
    this.#most = most
  }

  add(item: T): void {
    if (!isPictured(item.reason)) return
    const chosen = this.#ofReason.get(item.reason) ?? []
    this.#ofReason.set(item.reason, chosen)
    const next = chosen.findIndex(({ sha256 }) => sha256 >= item.sha256)
    if (chosen[next]?.sha256 === item.sha256) return
    chosen.splice(next < 0 ? chosen.length : next, 0, item)
    if (chosen.length > this.#most) chosen.pop()
  }

  /** By reason, in alphabetical order, and then by `sha256`. */
  chosen(): T[] {
    return [...this.#ofReason.keys()].sort().flatMap((reason) => this.#ofReason.get(reason) ?? [])
  }
}
