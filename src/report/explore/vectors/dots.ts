import { dotsWasm } from './dots-wasm.js'

type DotsOf = (values: number, query: number, sums: number, stride: number, count: number) => void

/** Vectors that are multiplied at a call lie in the processor's cache: so many bytes. */
const blockBytes = 1 << 15
const pageBytes = 1 << 16
/** No sum of products of parts of eight bits with parts of this many bits leaves 32 bits. */
const mostSum = 2 ** 31 - 1
const mostPart = 2 ** 15 - 1

/** Node has it; the types of Node do not. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Memory: new (pages: { readonly initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (module: object, imports: object) => { readonly exports: { readonly dots: DotsOf } }
}

const compiled = new WebAssembly.Module(Buffer.from(dotsWasm, 'base64'))

/** Products of one query with blocks of vectors in eight bits, as WebAssembly makes them: sixteen parts at once. */
export class Dots {
  /** Vectors of a block, at most. */
  readonly most: number
  readonly #stride: number
  /** By which a sum is multiplied. */
  readonly #scale: number
  readonly #values: Int8Array
  readonly #sums: Int32Array
  readonly #dotsOf: DotsOf

  /** `stride`: bytes from one vector to the next, a multiple of 16 that is not 0. The query has as many parts, or fewer. */
  constructor(query: Float32Array, stride: number) {
    this.most = Math.max(1, Math.floor(blockBytes / stride))
    this.#stride = stride
    const sumsAt = 2 * stride
    const valuesAt = Math.ceil((sumsAt + 4 * this.most) / 16) * 16
    const bytes = valuesAt + this.most * stride
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) })
    const parts = new Int16Array(memory.buffer, 0, stride)
    this.#sums = new Int32Array(memory.buffer, sumsAt, this.most)
    this.#values = new Int8Array(memory.buffer, valuesAt, this.most * stride)
    const largest = query.reduce((most, part) => Math.max(most, Math.abs(part)), 0)
    const range = Math.min(mostPart, Math.floor(mostSum / (128 * stride)))
    // What is no number, or infinite, is like nothing.
    const factor = largest > 0 && largest < Number.POSITIVE_INFINITY ? range / largest : 0
    for (const [d, part] of query.entries()) parts[d] = Math.round(part * factor)
    this.#scale = factor === 0 ? 0 : 1 / factor
    this.#dotsOf = new WebAssembly.Instance(compiled, { dots: { memory } }).exports.dots
  }

  /** Puts the product with each of some vectors, `most` at most, into `into`. */
  put(values: Int8Array, into: Float64Array): void {
    const count = values.length / this.#stride
    this.#values.set(values)
    this.#dotsOf(this.#values.byteOffset, 0, this.#sums.byteOffset, this.#stride, count)
    for (let i = 0; i < count; i++) into[i] = (this.#sums[i] ?? 0) * this.#scale
  }
}
