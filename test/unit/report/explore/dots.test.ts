import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import wabt from 'wabt'
import { Dots } from '../../../../src/report/explore/vectors/dots.js'
import { dotsWasm } from '../../../../src/report/explore/vectors/dots-wasm.js'

describe('products of a query with vectors in eight bits', () => {
  it('are made by the bytes of dots.wat, and no others', async () => {
    const folder = new URL('../../../../src/report/explore/vectors/', import.meta.url)
    const text = readFileSync(new URL('dots.wat', folder), 'utf8')
    const { parseWat } = await wabt()
    const { buffer } = parseWat('dots.wat', text, { simd: true }).toBinary({})
    expect(dotsWasm).toBe(Buffer.from(buffer).toString('base64'))
  })

  it('are those of plain arithmetic, in blocks of any size', () => {
    const stride = 32
    const whole = (most: number) => fc.integer({ min: -most, max: most })
    fc.assert(
      fc.property(
        fc.array(whole(32_767), { minLength: 1, maxLength: stride }),
        fc.array(fc.array(whole(127), { minLength: stride, maxLength: stride }), {
          minLength: 1,
          maxLength: 20,
        }),
        (given, vectors) => {
          // Its largest part is the largest of sixteen bits, so that none is rounded.
          const query = Float32Array.from([32_767, ...given.slice(1)])
          const products = new Float64Array(vectors.length)
          new Dots(query, stride).put(Int8Array.from(vectors.flat()), products)
          const plain = vectors.map((vector) => query.reduce((sum, part, d) => sum + part * vector[d]!, 0))
          expect([...products]).toEqual(plain)
        },
      ),
    )
  })

  it.each([16, 512, 768, 4_096, 32_768])('of %i dimensions leave no sum too large', (dimensions) => {
    const products = new Float64Array(1)
    new Dots(new Float32Array(dimensions).fill(1), dimensions).put(
      new Int8Array(dimensions).fill(-128),
      products,
    )
    expect(products[0]).toBeCloseTo(-128 * dimensions, -Math.log10(dimensions))
    new Dots(new Float32Array(dimensions).fill(-1), dimensions).put(
      new Int8Array(dimensions).fill(127),
      products,
    )
    expect(products[0]).toBeCloseTo(-127 * dimensions, -Math.log10(dimensions))
  })

  it('with what is no number are nothing', () => {
    const products = new Float64Array(1)
    new Dots(Float32Array.of(Number.POSITIVE_INFINITY, 1), 16).put(new Int8Array(16).fill(1), products)
    expect(products[0]).toBe(0)
  })
})
