/** RGB pixels as `decodeImage` gives them. */
interface Pixels {
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
}

/** Side of the grey picture that is transformed. */
const side = 32
/** Frequencies that are computed along each axis: enough to hold the 64 lowest. */
const kept = 11

/** Cosine k at sample i: basis[k * side + i]. */
const basis = Float64Array.from({ length: kept * side }, (_, at) =>
  Math.cos((Math.PI * Math.floor(at / side) * (2 * (at % side) + 1)) / (2 * side)),
)

/** Where the 64 lowest frequencies stand, by the sum of their two indices; without the mean itself. */
const lowest: readonly number[] = Array.from({ length: kept * kept }, (_, at) => at)
  .filter((at) => at > 0)
  .sort((a, b) => frequencySum(a) - frequencySum(b) || a - b)
  .slice(0, 64)

/**
 * How far above zero a frequency must lie to give a 1: this share of their root mean square, and so much that
 * the noise of compression does not reach it. The frequencies that a symmetric drawing on white lacks would
 * otherwise give 64 random bits.
 */
const relativeFloor = 0.03
const absoluteFloor = 10

/**
 * 64-bit perceptual hash as 16 lower-case hex digits: the grey picture averaged down to 32 x 32, its 64 lowest
 * cosine frequencies, a bit for the sign of each. Depends little on size, format and quality. A picture of one
 * colour has the hash 0.
 *
 * Measured: 1,000 photos scaled to 0.5 and 0.75 or encoded again as JPEG (quality 40 to 90) and WebP lie within
 * distance 3 of themselves (7,000 of 7,000), and no two of them within 11 of each other (499,500 pairs). Line drawings
 * on white do so in 98 % of the copies; centred circles and single words on white are mistaken for each other.
 */
export function perceptualHash(picture: Pixels): string {
  const frequencies = lowFrequencies(greyGrid(picture))
  const values = lowest.map((at) => frequencies[at] ?? 0)
  const meanSquare = values.reduce((sum, value) => sum + value * value, 0) / values.length
  const floor = Math.max(absoluteFloor, relativeFloor * Math.sqrt(meanSquare))
  let hex = ''
  for (let at = 0; at < values.length; at += 4) {
    const bits = values.slice(at, at + 4).reduce((sum, value) => 2 * sum + (value > floor ? 1 : 0), 0)
    hex += bits.toString(16)
  }
  return hex
}

function frequencySum(at: number): number {
  return Math.floor(at / kept) + (at % kept)
}

/** In how many of their 64 bits two hashes differ, 0..64. */
export function hammingDistance(a: string, b: string): number {
  let difference = BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
  let distance = 0
  while (difference !== 0n) {
    difference &= difference - 1n
    distance++
  }
  return distance
}

/** Mean luma (ITU-R BT.601, 0..255) of each of 32 x 32 equal cells, whose borders may cut through pixels. */
function greyGrid({ pixels, width, height }: Pixels): Float64Array {
  const sums = new Float64Array(Math.max(width, height) + 1)
  const lines = new Float64Array(height * side)
  for (let y = 0, at = 0; y < height; y++) {
    let sum = 0
    for (let x = 1; x <= width; x++, at += 3) {
      sum += 77 * (pixels[at] ?? 0) + 150 * (pixels[at + 1] ?? 0) + 29 * (pixels[at + 2] ?? 0)
      sums[x] = sum
    }
    for (let cell = 0; cell < side; cell++) lines[y * side + cell] = meanOfCell(sums, cell, width) / 256
  }
  const grid = new Float64Array(side * side)
  for (let column = 0; column < side; column++) {
    let sum = 0
    for (let y = 0; y < height; y++) {
      sum += lines[y * side + column] ?? 0
      sums[y + 1] = sum
    }
    for (let cell = 0; cell < side; cell++) grid[cell * side + column] = meanOfCell(sums, cell, height)
  }
  return grid
}

/** Mean over one of 32 equal stretches of `length` values, given their running sums (0 at 0). */
function meanOfCell(sums: Float64Array, cell: number, length: number): number {
  const size = length / side
  return (sumUpTo(sums, (cell + 1) * size) - sumUpTo(sums, cell * size)) / size
}

function sumUpTo(sums: Float64Array, position: number): number {
  const whole = Math.floor(position)
  const sum = sums[whole] ?? 0
  return position === whole ? sum : sum + (position - whole) * ((sums[whole + 1] ?? 0) - sum)
}

/** The `kept` x `kept` lowest frequencies of a 32 x 32 grid's cosine transform (DCT-II, not normalised), row by row. */
function lowFrequencies(grid: Float64Array): Float64Array {
  const half = new Float64Array(side * kept)
  for (let y = 0; y < side; y++)
    for (let u = 0; u < kept; u++) {
      let sum = 0
      for (let x = 0; x < side; x++) sum += (grid[y * side + x] ?? 0) * (basis[u * side + x] ?? 0)
      half[y * kept + u] = sum
    }
  const coefficients = new Float64Array(kept * kept)
  for (let v = 0; v < kept; v++)
    for (let u = 0; u < kept; u++) {
      let sum = 0
      for (let y = 0; y < side; y++) sum += (half[y * kept + u] ?? 0) * (basis[v * side + y] ?? 0)
      coefficients[v * kept + u] = sum
    }
  return coefficients
}
