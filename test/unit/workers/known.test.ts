import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKnown } from '../../../src/workers/known.js'

describe('what is known', () => {
  it('never claims to know a URL that was not added', () => {
    fc.assert(
      fc.property(
        fc.array(fc.webUrl()),
        fc.webUrl(),
        fc.integer({ min: 2, max: 20 }),
        (added, asked, max) => {
          const known = createKnown(max)
          for (const url of added) known.add(url)
          expect(known.has(asked)).toBe(known.has(asked) && added.includes(asked))
        },
      ),
    )
  })

  it('remembers at least the last half of what it may hold, and forgets what is older than all of it', () => {
    const known = createKnown(10)
    for (let i = 0; i < 100; i++) known.add(`http://a/${i}`)
    for (let i = 96; i < 100; i++) expect(known.has(`http://a/${i}`)).toBe(true)
    for (let i = 0; i < 89; i++) expect(known.has(`http://a/${i}`)).toBe(false)
  })
})
