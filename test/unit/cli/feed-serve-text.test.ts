import { describe, expect, it } from 'vitest'
import { listeningText, servedText } from '../../../src/cli/feed-serve-text.js'

describe('what feed --serve prints', () => {
  it('is where it listens, and what to paste for each loader', () => {
    const text = listeningText({ port: 8123, samples: 1519 })
    expect(text).toContain('Listening on http://127.0.0.1:8123 for this machine alone: 1,519 pairs an epoch.')
    expect(text).toContain(
      "--train-data 'http://127.0.0.1:8123/epoch/next/{00000..00003}-of-00004.tar' --train-num-samples 1280 --workers 4 --model ViT-B-32 --batch-size 64",
    )
    for (const line of text.split('\n')) expect(line).toBe(line.trimEnd())
  })

  it.each([
    [0, "00000-of-00001.tar' --train-num-samples 0 --workers 1 --model ViT-B-32 --batch-size 1"],
    [7, "00000-of-00001.tar' --train-num-samples 7 --workers 1 --model ViT-B-32 --batch-size 7"],
    [66, "00000-of-00001.tar' --train-num-samples 64 --workers 1 --model ViT-B-32 --batch-size 64"],
    [
      129,
      "{00000..00001}-of-00002.tar' --train-num-samples 128 --workers 2 --model ViT-B-32 --batch-size 64",
    ],
  ])('has a whole batch of %d pairs for each worker of open_clip, which drops others', (samples, end) => {
    expect(listeningText({ port: 8123, samples })).toContain(`/epoch/next/${end}`)
  })

  it('is how many read, how fast, and where they are', () => {
    const state = { v: 2, seed: '0', epoch: 3, place: 12_345, sources: [] } as const
    const counts = { streams: 4, samples: 3_000, bytes: 1, state }
    expect(servedText(counts, { samples: 1_000 }, 2_000)).toBe(
      '4 readers  1,000 pairs/s  epoch 3, place 12,345',
    )
    expect(servedText({ ...counts, streams: 1, state: null }, counts, 0)).toBe('1 reader  0 pairs/s')
  })
})
