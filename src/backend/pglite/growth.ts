/** Calls after which the tables are looked at whatever was told: some write without being told much. */
export const callsPerLook = 50
/** Bytes of one statement's parameters that come to some pages of a table. */
const firstBytes = 16_384

/**
 * When it is time to look at how the tables have grown: a look costs as much as a small call, and a call that is told 2,000 candidates adds
 * hundreds of pages. So it is when one statement has been told twice as much as at its last look, and after so many calls.
 */
export class Growth {
  /** Bytes told by each statement, and those at which its next look is due. There are as many as there are statements. */
  readonly #told = new Map<string, { bytes: number; next: number }>()
  #calls = 0

  /** Counts one statement with its parameters; whether the tables are to be looked at after it. */
  isDue(statement: string, params: readonly unknown[]): boolean {
    this.#calls++
    const told = this.#told.get(statement) ?? { bytes: 0, next: firstBytes }
    this.#told.set(statement, told)
    for (const param of params) if (typeof param === 'string') told.bytes += param.length
    if (told.bytes < told.next) return this.#calls % callsPerLook === 0
    told.next = 2 * told.bytes
    return true
  }
}
