// Writes a model of CLIP ViT-B/32's true shape with random weights, for measuring speed and memory: the
// scores mean nothing. Usage: node bench/vit-shape.js DIR   (fp32 vision 352 MB, int8 text 64 MB)
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** CLIP ViT-B/32. */
export const vitB32 = {
  vision: { width: 768, heads: 12, layers: 12, side: 224, patch: 32 },
  text: { width: 512, heads: 8, layers: 12, vocabulary: 49_408, positions: 77 },
  embeddingDim: 512,
}

/** @typedef {typeof vitB32} Shape */

// --- protobuf: a message is a list of byte chunks, so that 350 MB of weights are never joined ---

/** @typedef {{ chunks: Uint8Array[], bytes: number }} Message */

/** @param {number} value */
function varint(value) {
  const bytes = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.of(...bytes, rest)
    bytes.push((rest % 128) | 128)
  }
}

/** @param {...(Uint8Array | Message)} parts @returns {Message} */
function message(...parts) {
  const chunks = parts.flatMap((p) => (p instanceof Uint8Array ? [p] : p.chunks))
  return { chunks, bytes: chunks.reduce((sum, c) => sum + c.length, 0) }
}

const int = (/** @type {number} */ field, /** @type {number} */ value) =>
  message(varint(field * 8), varint(value))
const nested = (/** @type {number} */ field, /** @type {Message} */ body) =>
  message(varint(field * 8 + 2), varint(body.bytes), body)
const bytesOf = (/** @type {number} */ field, /** @type {Uint8Array} */ bytes) =>
  nested(field, message(bytes))
const string = (/** @type {number} */ field, /** @type {string} */ value) =>
  bytesOf(field, Buffer.from(value))

// --- ONNX (field numbers of onnx.proto3) ---

const dataTypes = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7 }

class Graph {
  /** @type {Message[]} */ nodes = []
  /** @type {Message[]} */ tensors = []
  #names = 0
  #seed = 1

  /** @param {keyof typeof dataTypes} type @param {number[]} dims @param {ArrayBufferView} data */
  tensor(type, dims, data) {
    const name = `w${this.#names++}`
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const body = [...dims.map((d) => int(1, d)), int(2, dataTypes[type]), string(8, name), bytesOf(9, raw)]
    this.tensors.push(message(...body))
    return name
  }

  /** Random weights of about 1/sqrt(fan-in), so that values stay finite through all layers. @param {number[]} dims */
  weights(dims, scale = 1 / Math.sqrt(dims[0] ?? 1)) {
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1))
    for (let i = 0; i < data.length; i++) {
      this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) | 0
      data[i] = (this.#seed / 2 ** 31) * scale
    }
    return data
  }

  /** @param {number[]} dims @param {number} [scale] */
  floats(dims, scale) {
    return this.tensor('float', dims, this.weights(dims, scale))
  }

  ints(/** @type {number[]} */ values, dims = [values.length]) {
    return this.tensor('int64', dims, BigInt64Array.from(values, BigInt))
  }

  /** @param {string} op @param {string[]} inputs @param {Record<string, number | number[]>} [attributes] */
  node(op, inputs, attributes = {}, output = `v${this.#names++}`, outputs = [output]) {
    const attribute = ([name, value]) => {
      if (Array.isArray(value)) return message(string(1, name), ...value.map((v) => int(8, v)), int(20, 7))
      return message(string(1, name), int(3, value < 0 ? 2 ** 64 + value : value), int(20, 2))
    }
    this.nodes.push(
      message(
        ...inputs.map((i) => string(1, i)),
        ...outputs.map((o) => string(2, o)),
        string(4, op),
        ...Object.entries(attributes).map((a) => nested(5, attribute(a))),
      ),
    )
    return output
  }

  scalar(/** @type {number} */ value) {
    return this.tensor('float', [], Float32Array.of(value))
  }

  norm(/** @type {string} */ x, /** @type {number} */ width) {
    const one = this.tensor('float', [width], new Float32Array(width).fill(1))
    const zero = this.tensor('float', [width], new Float32Array(width))
    return this.node('LayerNormalization', [x, one, zero], { axis: 2 })
  }

  /** x W + b; int8 as dynamic quantisation writes it. */
  linear(/** @type {string} */ x, /** @type {number} */ from, /** @type {number} */ to, int8 = false) {
    const bias = this.floats([to], 0.01)
    if (!int8) return this.node('Add', [this.node('MatMul', [x, this.floats([from, to])]), bias])
    const exact = this.weights([from, to])
    const step = 1 / Math.sqrt(from) / 127
    const weight = this.tensor(
      'int8',
      [from, to],
      Int8Array.from(exact, (w) => Math.round(w / step)),
    )
    const zero = this.tensor('int8', [], Int8Array.of(0))
    const [q, scale, zeroPoint] = [`${x}_q${weight}`, `${x}_s${weight}`, `${x}_z${weight}`]
    this.node('DynamicQuantizeLinear', [x], {}, q, [q, scale, zeroPoint])
    const product = this.node('MatMulInteger', [q, weight, zeroPoint, zero])
    const real = this.node('Cast', [product], { to: dataTypes.float })
    const factor = this.node('Mul', [scale, this.scalar(step)])
    return this.node('Add', [this.node('Mul', [real, factor]), bias])
  }

  /** One transformer layer; `mask` is added to the attention scores, null = none. */
  layer(/** @type {string} */ x, /** @type {{width: number, heads: number}} */ { width, heads }, mask, int8) {
    const split = this.ints([0, 0, heads, width / heads])
    const heading = (/** @type {string} */ v, /** @type {number[]} */ perm) =>
      this.node('Transpose', [this.node('Reshape', [v, split])], { perm })
    const before = this.norm(x, width)
    const q = this.node('Mul', [
      this.linear(before, width, width, int8),
      this.scalar(1 / Math.sqrt(width / heads)),
    ])
    const k = this.linear(before, width, width, int8)
    const v = this.linear(before, width, width, int8)
    let scores = this.node('MatMul', [heading(q, [0, 2, 1, 3]), heading(k, [0, 2, 3, 1])])
    if (mask !== null) scores = this.node('Add', [scores, mask])
    const seen = this.node('MatMul', [this.node('Softmax', [scores], { axis: 3 }), heading(v, [0, 2, 1, 3])])
    const joined = this.node('Reshape', [
      this.node('Transpose', [seen], { perm: [0, 2, 1, 3] }),
      this.ints([0, 0, width]),
    ])
    const attended = this.node('Add', [x, this.linear(joined, width, width, int8)])
    const wide = this.linear(this.norm(attended, width), width, 4 * width, int8)
    const gate = this.node('Sigmoid', [this.node('Mul', [wide, this.scalar(1.702)])])
    return this.node('Add', [attended, this.linear(this.node('Mul', [wide, gate]), 4 * width, width, int8)])
  }
}

/** @param {string} name @param {number} type @param {(number | string)[]} dims */
function valueInfo(name, type, dims) {
  const shape = dims.map((d) => nested(1, typeof d === 'string' ? string(2, d) : int(1, d)))
  return message(string(1, name), nested(2, nested(1, message(int(1, type), nested(2, message(...shape))))))
}

/** @param {string} path @param {Graph} graph @param {Message} input @param {Message} output */
function writeModel(path, graph, input, output) {
  const body = message(
    ...graph.nodes.map((n) => nested(1, n)),
    string(2, 'bench'),
    ...graph.tensors.map((t) => nested(5, t)),
    nested(11, input),
    nested(12, output),
  )
  const model = message(int(1, 8), nested(8, message(string(1, ''), int(2, 17))), nested(7, body))
  const file = openSync(`${path}.tmp`, 'w')
  for (const chunk of model.chunks) {
    for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at)
  }
  closeSync(file)
  renameSync(`${path}.tmp`, path)
}

/** @param {string} path @param {Shape} shape */
export function writeVision(path, { vision, embeddingDim } = vitB32) {
  const g = new Graph()
  const { width, patch, side } = vision
  const patches = (side / patch) ** 2
  const kernel = g.floats([width, 3, patch, patch], 1 / Math.sqrt(3 * patch * patch))
  const grid = g.node('Conv', ['pixel_values', kernel], {
    kernel_shape: [patch, patch],
    strides: [patch, patch],
  })
  const tokens = g.node('Transpose', [g.node('Reshape', [grid, g.ints([0, width, patches])])], {
    perm: [0, 2, 1],
  })
  const count = g.node('Gather', [g.node('Shape', ['pixel_values']), g.ints([0])])
  const classShape = g.node('Concat', [count, g.ints([1, width])], { axis: 0 })
  const first = g.node('Expand', [g.floats([1, 1, width]), classShape])
  const all = g.node('Concat', [first, tokens], { axis: 1 })
  let x = g.norm(g.node('Add', [all, g.floats([1, patches + 1, width])]), width)
  for (let i = 0; i < vision.layers; i++) x = g.layer(x, vision, null, false)
  const pooled = g.node('Squeeze', [
    g.norm(g.node('Gather', [x, g.ints([0])], { axis: 1 }), width),
    g.ints([1]),
  ])
  g.node('MatMul', [pooled, g.floats([width, embeddingDim])], {}, 'image_embeds')
  const input = valueInfo('pixel_values', dataTypes.float, ['batch', 3, side, side])
  writeModel(path, g, input, valueInfo('image_embeds', dataTypes.float, ['batch', embeddingDim]))
}

/** @param {string} path @param {Shape} shape `int8` as the named model has it */
export function writeText(path, { text, embeddingDim } = vitB32, int8 = true) {
  const g = new Graph()
  const { width, vocabulary, positions } = text
  const length = g.node('Gather', [g.node('Shape', ['input_ids']), g.ints([1])])
  const [zero, axis0] = [g.ints([0]), g.ints([0])]
  const table = g.weights([vocabulary, width], 0.05)
  const step = 0.05 / 127
  const embedded = int8
    ? g.node('DequantizeLinear', [
        g.node('Gather', [
          g.tensor(
            'int8',
            [vocabulary, width],
            Int8Array.from(table, (w) => Math.round(w / step)),
          ),
          'input_ids',
        ]),
        g.scalar(step),
        g.tensor('int8', [], Int8Array.of(0)),
      ])
    : g.node('Gather', [g.tensor('float', [vocabulary, width], table), 'input_ids'])
  const position = g.node('Slice', [g.floats([positions, width], 0.05), zero, length, axis0])
  const future = Float32Array.from({ length: positions ** 2 }, (_, i) =>
    i % positions > Math.floor(i / positions) ? -1e9 : 0,
  )
  const mask = g.node('Slice', [
    g.tensor('float', [positions, positions], future),
    g.ints([0, 0]),
    g.node('Concat', [length, length], { axis: 0 }),
    g.ints([0, 1]),
  ])
  let x = g.node('Add', [embedded, position])
  for (let i = 0; i < text.layers; i++) x = g.layer(x, text, mask, int8)
  const ids = g.node('Cast', ['input_ids'], { to: dataTypes.int32 })
  // The end token has the largest id, so the first largest is where the text ends.
  const end = g.node('ArgMax', [ids], { axis: 1, keepdims: 1 })
  const pooled = g.node('GatherND', [g.norm(x, width), end], { batch_dims: 1 })
  g.node('MatMul', [pooled, g.floats([width, embeddingDim])], {}, 'text_embeds')
  const input = valueInfo('input_ids', dataTypes.int64, ['batch', 'sequence'])
  writeModel(path, g, input, valueInfo('text_embeds', dataTypes.float, ['batch', embeddingDim]))
}

/** Writes vision_model.onnx and text_model.onnx into `dir`. @param {string} dir */
export function writeVitShape(dir, shape = vitB32, int8Text = true) {
  mkdirSync(dir, { recursive: true })
  writeVision(join(dir, 'vision_model.onnx'), shape)
  writeText(join(dir, 'text_model.onnx'), shape, int8Text)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dir = process.argv[2]
  if (dir === undefined) {
    process.stderr.write('usage: node bench/vit-shape.js DIR\n')
    process.exit(2)
  }
  writeVitShape(dir)
}
