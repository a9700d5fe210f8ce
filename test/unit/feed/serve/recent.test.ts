import { describe, expect, it } from 'vitest'
import { Recent } from '../../../../src/feed/serve/recent.js'

describe('recent values', () => {
  it('are made once, for all who ask, and forgotten when others were asked for since', async () => {
    const made: string[] = []
    const recent = new Recent<string>(2)
    const get = (name: string) =>
      recent.get(name, async () => {
        made.push(name)
        return name
      })
    expect(await Promise.all([get('a'), get('a'), get('b')])).toEqual(['a', 'a', 'b'])
    await get('a')
    await get('c')
    await get('a')
    await get('b')
    expect(made).toEqual(['a', 'b', 'c', 'b'])
  })

  it('are made anew where they could not be made', async () => {
    const recent = new Recent<number>(2)
    await expect(recent.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await recent.get('a', async () => 1)).toBe(1)
  })
})
