/** Values that are dear to make, the last ones asked for. One that could not be made is made anew for whoever asks next. */
export class Recent<V> {
  readonly #most: number
  /** In the order in which they were last asked for. */
  readonly #values = new Map<string, Promise<V>>()

  constructor(most: number) {
    this.#most = most
  }

  async get(name: string, make: () => Promise<V>): Promise<V> {
    const value = this.#values.get(name) ?? make()
    this.#values.delete(name)
    this.#values.set(name, value)
    const [oldest] = this.#values.keys()
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest)
    try {
      return await value
    } catch (error) {
      if (this.#values.get(name) === value) this.#values.delete(name)
      throw error
    }
  }

  forget(name: string): void {
    this.#values.delete(name)
  }
}
