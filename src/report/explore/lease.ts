/** A thing that others use while it may be replaced: it is closed when it was, and the last of them is done. */
export class Lease<T> {
  readonly #thing: T
  readonly #close: (thing: T) => Promise<void>
  #users = 0
  #isReplaced = false

  constructor(thing: T, close: (thing: T) => Promise<void>) {
    this.#thing = thing
    this.#close = close
  }

  async use<R>(work: (thing: T) => Promise<R>): Promise<R> {
    this.#users++
    try {
      return await work(this.#thing)
    } finally {
      this.#users--
      await this.#closeUnused()
    }
  }

  /** Nobody begins to use it any more. */
  async replace(): Promise<void> {
    this.#isReplaced = true
    await this.#closeUnused()
  }

  async #closeUnused(): Promise<void> {
    if (this.#isReplaced && this.#users === 0) await this.#close(this.#thing)
  }
}
