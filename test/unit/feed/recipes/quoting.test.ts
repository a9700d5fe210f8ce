import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placeProblem, pythonText, unexpanded } from '../../../../src/feed/recipes/quoting.js'
import { tarsOf } from '../../../../src/feed/recipes/tars.js'
import { shellQuoted } from '../../../../src/records/index.js'
import { expanded, shellWord } from '../../../fixtures/feed/readings.js'
import { runs } from '../../../fixtures/runs.js'

/** Words as folders are called, and what shells, Python and brace expansion take for their own. */
const name = fc
  .array(
    fc.constantFrom(
      ...['a', 'ü', '写真', '🐦', ' ', "'", '"', '$', '$\u007bx}', '`', '\\', '{', '}', ',', '..', '::', ':'],
      ...['{a,b}', '{0..3}', '*', '?', '[', ']', '~', '!', '#', '&', ';', '|', '(', ')', '%', '=', '-'],
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(''))

describe('a place in a line', () => {
  it('is one word for the shell, whatever the folder is called', () => {
    fc.assert(
      fc.property(name, (folder) => {
        expect(shellWord(shellQuoted(`/data/${folder}`))).toBe(`/data/${folder}`)
      }),
      { numRuns: runs.line },
    )
  })

  it('is the same text in Python', () => {
    fc.assert(
      fc.property(name, (folder) => {
        const literal = pythonText(folder)
        expect(literal).toMatch(/^"(?:[^"\\]|\\["\\])*"$/)
        expect(literal.slice(1, -1).replace(/\\(.)/g, '$1')).toBe(folder)
      }),
      { numRuns: runs.line },
    )
  })

  it('names each tar of a dataset once, and nothing else', () => {
    const shards = fc
      .uniqueArray(fc.oneof(fc.nat(12), fc.integer({ min: 99_995, max: 100_004 })), { minLength: 1 })
      .map((numbers) => numbers.toSorted((a, b) => a - b))
    fc.assert(
      fc.property(name, shards, (folder, numbers) => {
        const path = `/data/${folder}`
        const tars = tarsOf({ place: { kind: 'folder', path }, shards: numbers, signed: null })
        const names = numbers.map((number) => `${path}/${String(number).padStart(5, '0')}.tar`)
        expect(expanded(tars)).toEqual(names)
        expect(expanded([tars, tars].join('::'))).toEqual([...names, ...names])
      }),
      { numRuns: runs.line },
    )
  })

  it('is no variable of the environment to webdataset, which asks for such names', () => {
    expect(unexpanded('/data/$\u007bHOME}')).toBe('/data/$\\{HOME\\}')
  })

  it('names the command that fetches from S3, in whose words the shell finds one URL', () => {
    fc.assert(
      fc.property(name, (prefix) => {
        const place = { kind: 's3', url: `s3://pairs/${prefix}`, endpoint: null } as const
        const [first = '', second] = expanded(tarsOf({ place, shards: [0, 1], signed: null }))
        expect(second).toBeDefined()
        const [, command = '', url = ''] = /^pipe:(aws s3 cp) (.*) -$/s.exec(first) ?? []
        expect([command, shellWord(url)]).toEqual(['aws s3 cp', `s3://pairs/${prefix}/00000.tar`])
      }),
      { numRuns: runs.line },
    )
  })

  it('is refused by name where it has characters that are not seen', () => {
    expect(placeProblem('/data/ä photos {1}')).toBeNull()
    for (const unseen of ['\n', '\u0007', '\u202e', '\u2028', '\u009b'])
      expect(placeProblem(`/data/a${unseen}b`)).toMatch(/not seen \(U\+[0-9A-F]{4}\).*rename/)
  })
})
