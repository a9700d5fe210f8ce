import type { SampleId } from './taken-back.js'

/** A sample, and up to which byte of its connection it reaches. */
interface Written {
  readonly id: SampleId
  readonly end: number
}

/**
 * What was written to a connection and may still wait in this machine: in the process, until the kernel has it, and in the kernel's buffer, of which
 * nothing is told but how much it may hold. What is behind so many bytes more has left.
 */
export class Unsent {
  readonly #kernelBytes: number
  #written: Written[] = []
  #bytes = 0
  #flushedBytes = 0

  constructor(kernelBytes: number) {
    this.#kernelBytes = kernelBytes
  }

  add(id: SampleId, bytes: number): void {
    this.#bytes += bytes
    this.#written.push({ id, end: this.#bytes })
  }

  /** So many more bytes were given to the kernel. */
  flushed(bytes: number): void {
    this.#flushedBytes += bytes
    const left = this.#written.findIndex(({ end }) => this.#flushedBytes - end < this.#kernelBytes)
    if (left !== 0) this.#written = left < 0 ? [] : this.#written.slice(left)
  }

  /** The client has all of it: it asks for something else. */
  clear(): void {
    this.#written = []
  }

  some(isWanted: (id: SampleId) => boolean): boolean {
    return this.#written.some(({ id }) => isWanted(id))
  }
}
