import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { namedInList, namedKinds, namedOf } from '../../../src/retract/index.js'
import { tombstonesOf } from '../../../src/retract/named.js'
import { runs } from '../../fixtures/runs.js'
import { sha256 } from '../../fixtures/shard/dataset-fixture.js'

const hex = (digits: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((text) => text.length === digits)

describe('what is named', () => {
  it.each([
    ['host', 'Example.COM', 'example.com'],
    ['host', '*.Example.com', '*.example.com'],
    ['host', 'bücher.example', 'xn--bcher-kva.example'],
    ['page', 'HTTPS://Example.com:443/a#b', 'https://example.com/a'],
    ['url', 'http://example.com', 'http://example.com/'],
    ['sha256', 'AB'.repeat(32), 'ab'.repeat(32)],
    ['phash', 'AB'.repeat(8), 'ab'.repeat(8)],
    ['uid', 'AB'.repeat(16), 'ab'.repeat(16)],
  ] as const)('as %s is canonical: %s', (kind, given, value) => {
    expect(namedOf(kind, given)).toEqual({ kind, value })
  })

  it.each([
    ['host', 'https://example.com/', 'without scheme'],
    ['host', 'example.com:8080', 'without scheme, port'],
    ['page', 'example.com', 'is no http or https URL'],
    ['url', 'ftp://example.com/', 'is no http or https URL'],
    ['sha256', 'ab', '64 hex digits'],
    ['phash', 'xy'.repeat(8), '16 hex digits'],
    ['uid', 'ab'.repeat(32), '32 hex digits'],
  ] as const)('as %s is refused where it is none: %s', (kind, given, problem) => {
    expect(namedOf(kind, given)).toEqual({ problem: expect.stringContaining(problem) })
  })

  it('is told in a list by its shape, or by what stands before it', () => {
    const lines = [
      '# a comment',
      '',
      'example.com',
      '  *.example.com\r',
      'https://example.com/a',
      'ab'.repeat(32),
      'ab'.repeat(8),
      `uid:${'ab'.repeat(16)}`,
      'HOST: localhost',
    ]
    expect(namedInList(lines.join('\n'))).toEqual({
      named: [
        { kind: 'host', value: 'example.com' },
        { kind: 'host', value: '*.example.com' },
        { kind: 'url', value: 'https://example.com/a' },
        { kind: 'sha256', value: 'ab'.repeat(32) },
        { kind: 'phash', value: 'ab'.repeat(8) },
        { kind: 'uid', value: 'ab'.repeat(16) },
        { kind: 'host', value: 'localhost' },
      ],
      problems: [],
    })
  })

  it('is refused in a list by the number of its line; 32 digits may be an MD5', () => {
    const { named, problems } = namedInList(`example.com\n${'ab'.repeat(16)}\nhttp://\n`)
    expect(named).toHaveLength(1)
    expect(problems).toEqual([
      expect.stringMatching(/^line 2: .*uid:HEX/),
      expect.stringMatching(/^line 3: http:\/\/ is no/),
    ])
  })

  it('means the same with its kind before it, in a list and alone', () => {
    const values = fc.oneof(
      hex(64).map((value) => ['sha256', value] as const),
      hex(16).map((value) => ['phash', value] as const),
      fc.webUrl().map((value) => ['url', value] as const),
    )
    fc.assert(
      fc.property(values, ([kind, value]) => {
        const alone = namedOf(kind, value)
        const [listed] = namedInList(value).named
        const [prefixed] = namedInList(`${kind}:${value}`).named
        if ('problem' in alone) expect([listed, prefixed]).toEqual([undefined, undefined])
        else expect([listed, prefixed]).toEqual([alone, alone])
      }),
      { numRuns: runs.text },
    )
  })

  it('leaves tombstones that name no host and no URL', () => {
    const values = { host: 'example.com', page: 'https://example.com/', url: 'https://example.com/a' }
    const others = { sha256: 'ab'.repeat(32), phash: 'ab'.repeat(8), uid: 'ab'.repeat(16) }
    const all = { ...values, ...others }
    const tombstones = tombstonesOf(namedKinds.map((kind) => ({ kind, value: all[kind] })))
    expect(tombstones.hosts.has(Buffer.from(sha256('example.com'), 'hex'))).toBe(true)
    expect(tombstones.urls.size).toBe(2)
    for (const kind of ['images', 'phashes', 'uids'] as const) expect(tombstones[kind].size).toBe(1)
  })
})
