import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  chooseHalves,
  halfNames,
  precisionRefusal,
  precisions,
} from '../../../../src/filter/clip/precision.js'
import { optionOf } from '../../../../src/options/index.js'

const names = precisions.flatMap((one) => [...halfNames('vision', one), ...halfNames('text', one)])
const choose = (there: readonly string[], precision: (typeof precisions)[number] | null) =>
  chooseHalves((name) => there.includes(name), precision)

describe("the precision of a model's halves", () => {
  it('is never another than the one that is asked for', () => {
    fc.assert(
      fc.property(fc.subarray(names), fc.constantFrom(...precisions), (there, precision) => {
        const choice = choose(there, precision)
        const halves = (['vision', 'text'] as const).map((half) => halfNames(half, precision))
        const both = halves.every((of) => of.some((name) => there.includes(name)))
        expect(choice.kind === 'files').toBe(both)
        if (choice.kind !== 'files') return
        expect(halves[0]).toContain(choice.vision)
        expect(halves[1]).toContain(choice.text)
        expect(there).toEqual(expect.arrayContaining([choice.vision, choice.text]))
      }),
    )
  })

  it('is fp32 where none is asked for, and int8 only for a half that has no other', () => {
    fc.assert(
      fc.property(fc.subarray(names), (there) => {
        const choice = choose(there, null)
        expect(choice.kind).not.toBe('other')
        if (choice.kind !== 'files') return
        for (const half of ['vision', 'text'] as const) {
          const hasFp32 = halfNames(half, 'fp32').some((name) => there.includes(name))
          expect(halfNames(half, hasFp32 ? 'fp32' : 'int8')).toContain(choice[half])
        }
      }),
    )
  })

  it('that a model has not is refused with those that it has', () => {
    const there = ['vision_model.onnx', 'onnx/vision_model_uint8.onnx', 'text_model.onnx']
    const choice = choose(there, 'int8')
    expect(choice).toEqual({ kind: 'other', has: { vision: ['fp32', 'int8'], text: ['fp32'] } })
    if (choice.kind === 'other')
      expect(precisionRefusal('clip', 'int8', choice.has)).toContain(
        '--precision int8: the model clip has fp32 and int8 of its vision half and fp32 of its text half',
      )
  })

  it('is named by the file that is missing where a half is not there at all', () => {
    expect(choose(['vision_model.onnx'], 'int8')).toEqual({
      kind: 'missing',
      half: 'text',
      name: 'text_model_quantized.onnx',
    })
    expect(choose([], null)).toEqual({ kind: 'missing', half: 'vision', name: 'vision_model.onnx' })
  })

  it('can be asked for as the option has it', () => {
    expect(optionOf('precision').value.split('|')).toEqual([...precisions])
  })
})
