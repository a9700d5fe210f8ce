import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readEach } from '../../../src/shard/entry.js'
import type { Store } from '../../../src/shard/index.js'

const calm = new AbortController().signal
const names = Array.from({ length: 100 }, (_, n) => `entries/${n}.json`)
const numberOf = (name: string) => Number(/\d+/.exec(name)?.[0])

/** A store whose later files answer sooner. */
function desk(answer: (number: number) => string | null) {
  let open = 0
  let mostOpen = 0
  let asked = 0
  const store: Partial<Store> = {
    url: 'somewhere',
    read: async (name) => {
      asked++
      mostOpen = Math.max(mostOpen, ++open)
      for (let turns = 20 - (numberOf(name) % 16); turns > 0; turns--) await setImmediate()
      open--
      const text = answer(numberOf(name))
      return text === null ? null : Buffer.from(text)
    },
  }
  const read = () => readEach(store as Store, names, z.int(), calm)
  return { read, asked: () => asked, mostOpen: () => mostOpen, open: () => open }
}

describe('the entries of a dataset', () => {
  it('are read several at once and given in their order, without those that are gone', async () => {
    const { read, mostOpen } = desk((number) => (number % 10 === 3 ? null : String(number)))
    const there = names.map(numberOf).filter((number) => number % 10 !== 3)
    expect(await read()).toEqual(there)
    expect(mostOpen()).toBe(16)
  })

  it('are read no further where one is not readable, which is named', async () => {
    const { read, asked, open } = desk((number) => (number === 5 ? '{' : String(number)))
    await expect(read()).rejects.toThrow('somewhere: entries/5.json is not readable')
    while (open() > 0) await setImmediate()
    expect(asked()).toBeLessThan(40)
  })
})
