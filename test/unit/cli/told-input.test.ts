import { describe, expect, it } from 'vitest'
import { toldChunks } from '../../../src/cli/told-input.js'
import { paper } from '../../fixtures/cli/output.js'

describe('a file that is read for long', () => {
  it('is given as it is, and its progress is said until it ends', async () => {
    const stderr = paper()
    let tick: (() => void) | null = null
    const clock = {
      now: () => 0,
      every: (_: number, call: () => void) => {
        tick = call
        return () => {
          tick = null
        }
      },
    }
    const chunks = ['first', 'second'].map((text) => Buffer.from(text))
    const told = toldChunks(
      async function* () {
        yield* chunks
      },
      'plain',
      { stderr, clock },
    )
    const read: Uint8Array[] = []
    for await (const chunk of told('never.txt')) {
      read.push(chunk)
      tick!()
    }
    expect(read).toEqual(chunks)
    expect(stderr.text()).toBe('read  5 B of never.txt  0ms\nread  11 B of never.txt  0ms\n')
    expect(tick).toBe(null)
  })
})
