import { sharedOnAbort } from '../../net/index.js'

/** Places for work done at once: whoever finds none waits in line, as long as it says. */
export class Places {
  readonly #count: number
  readonly #waiting: ((isFree: boolean) => void)[] = []
  readonly #onAbort = sharedOnAbort()
  #taken = 0

  constructor(count: number) {
    this.#count = count
  }

  /** Whether there was one in time; each that was taken is left again. */
  async take(waitMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.#taken < this.#count) {
      this.#taken++
      return true
    }
    return new Promise<boolean>((resolve) => {
      const done = (isFree: boolean): void => {
        clearTimeout(timer)
        deafen()
        const at = this.#waiting.indexOf(done)
        if (at >= 0) this.#waiting.splice(at, 1)
        resolve(isFree)
      }
      const giveUp = () => done(false)
      const timer = setTimeout(giveUp, waitMs)
      const deafen = this.#onAbort(signal, giveUp)
      this.#waiting.push(done)
    })
  }

  leave(): void {
    // Handed on directly, so that nobody slips in between.
    const next = this.#waiting.shift()
    if (next === undefined) this.#taken--
    else next(true)
  }

  /** Tells everybody in line that there will be none. */
  sendAway(): void {
    for (const give of [...this.#waiting]) give(false)
  }
}
