import { describe, expect, test } from 'vitest'
import { type Port, textFault, visionFault } from '../../../../src/filter/clip/signature.js'

const port = (name: string, type: string, ...shape: (number | string)[]): Port => ({ name, type, shape })
const pixels = port('pixel_values', 'float32', 'batch', 3, 224, 224)
const imageEmbeds = port('image_embeds', 'float32', 'batch', 512)
const ids = port('input_ids', 'int64', 'batch', 'sequence')
const textEmbeds = port('text_embeds', 'float32', 'batch', 512)

describe('a vision model', () => {
  test('fits with CLIP’s input and output, whatever else it gives', () => {
    const outputs = [port('last_hidden_state', 'float32', 'b', 50, 768), imageEmbeds]
    expect(visionFault({ inputs: [pixels], outputs }, 224)).toBeNull()
    const free = port('pixel_values', 'float32', 'batch', 'channels', 'height', 'width')
    expect(visionFault({ inputs: [free], outputs }, 224)).toBeNull()
  })

  test.each([
    [
      [port('image', 'float32', 'n', 3, 224, 224)],
      [imageEmbeds],
      /needs the input pixel_values float32 \[N, 3, 224, 224\].*image float32/,
    ],
    [[port('pixel_values', 'float16', 'n', 3, 224, 224)], [imageEmbeds], /inputs are: pixel_values float16/],
    [[port('pixel_values', 'float32', 'n', 3, 336, 336)], [imageEmbeds], /336/],
    [
      [port('pixel_values', 'float32', 1, 3, 224, 224)],
      [imageEmbeds],
      /pixel_values float32 \[1, 3, 224, 224\]/,
    ],
    [[pixels, ids], [imageEmbeds], /inputs that CLIP's has not: input_ids/],
    [[pixels], [port('logits', 'float32', 'n', 1000)], /needs the output image_embeds.*logits/],
    [[pixels], [], /outputs are: none/],
  ])('with %o and %o is refused', (inputs, outputs, message) => {
    expect(visionFault({ inputs, outputs }, 224)).toMatch(message)
  })
})

describe('a text model', () => {
  test('fits with and without an attention mask, and with a fixed length', () => {
    const mask = port('attention_mask', 'int64', 'batch', 'sequence')
    expect(textFault({ inputs: [ids], outputs: [textEmbeds] })).toBeNull()
    expect(textFault({ inputs: [ids, mask], outputs: [textEmbeds] })).toBeNull()
    expect(textFault({ inputs: [port('input_ids', 'int64', 'n', 77)], outputs: [textEmbeds] })).toBeNull()
  })

  test.each([
    [[port('input_ids', 'int32', 'n', 'l')], [textEmbeds], /inputs are: input_ids int32/],
    [[ids, port('attention_mask', 'bool', 'n', 'l')], [textEmbeds], /attention_mask/],
    [[ids, pixels], [textEmbeds], /inputs that CLIP's has not: pixel_values/],
    [[ids], [port('last_hidden_state', 'float32', 'n', 'l', 512)], /text_embeds/],
  ])('with %o and %o is refused', (inputs, outputs, message) => {
    expect(textFault({ inputs, outputs })).toMatch(message)
  })
})
