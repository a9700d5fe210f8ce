import { describe, expect, it } from 'vitest'
import { createVerdictMemory } from '../../../../src/workers/hosts/verdict-memory.js'

describe('the memory of verdicts', () => {
  it('judges a URL once, and anew where the file is another', () => {
    const judged: string[] = []
    const says = createVerdictMemory<{ readonly file: number }, number>(10)
    const ask = (file: { readonly file: number }, url: string) =>
      says(file, url, () => judged.push(`${file.file} ${url}`))
    const [first, second] = [{ file: 1 }, { file: 2 }]
    expect([ask(first, 'a'), ask(first, 'b'), ask(first, 'a'), ask(second, 'a')]).toEqual([1, 2, 1, 3])
    expect(judged).toEqual(['1 a', '1 b', '2 a'])
  })

  it('keeps those that were asked for last, and no more than it may', () => {
    const judged: string[] = []
    const says = createVerdictMemory<object, number>(2)
    const file = {}
    for (const url of ['a', 'b', 'a', 'c', 'a', 'b']) says(file, url, () => judged.push(url))
    expect(judged).toEqual(['a', 'b', 'c', 'b'])
  })
})
