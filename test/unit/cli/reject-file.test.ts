import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRejectFile } from '../../../src/cli/reject-file.js'
import {
  createRejectList,
  digestsOfHex,
  hexOfDigests,
  noRejectEntries,
  type RejectEntries,
  type RejectKind,
  rejectEntries,
  rejectKinds,
} from '../../../src/records/index.js'
import { encodeRetracted } from '../../../src/shard/index.js'
import { runs } from '../../fixtures/runs.js'

const readChunks = (chunks: readonly Uint8Array[]) => readRejectFile(Readable.from(chunks), 'never.txt')
const read = (text: string) => readChunks([Buffer.from(text)])

async function entriesOf(text: string): Promise<RejectEntries> {
  const file = await read(text)
  if (file.kind === 'problems') throw new Error(file.problems.join('\n'))
  return file.entries
}
const problemsOf = async (text: string) => {
  const file = await read(text)
  return file.kind === 'problems' ? file.problems : []
}
const sizesOf = (entries: RejectEntries) =>
  Object.fromEntries(
    Object.entries(entries).flatMap(([kind, { size }]) => (size === 0 ? [] : [[kind, size]])),
  )

const hexKinds = { sha256: 'images', md5: 'md5s', phash: 'phashes', uid: 'uids' } as const

describe('a list of what is never to be taken, as a file', () => {
  it.each([
    ['a'.repeat(64), 'images'],
    ['A'.repeat(32), 'md5s'],
    ['0'.repeat(16), 'phashes'],
    [`uid:${'a'.repeat(32)}`, 'uids'],
    [`SHA256: ${'b'.repeat(64)}`, 'images'],
    ['example.org', 'hosts'],
    ['*.Example.org', 'hosts'],
    ['host:localhost', 'hosts'],
    ['[::1]', 'hosts'],
    ['https://example.org/a b', 'urls'],
    ['url:http://example.org', 'urls'],
  ])('takes %s as one of its %s', async (line, kind) => {
    expect(sizesOf(await entriesOf(line))).toEqual({ [kind]: 1 })
  })

  it('may have comments, empty lines, and lines that end as on other systems', async () => {
    const text = '\uFEFF# hosts\r\n\r\n  example.org \r\n#example.net\r\nexample.org'
    const list = createRejectList(await entriesOf(text))
    expect(list.refusesUrl('http://example.org/')).toBe(true)
    expect(list.refusesUrl('http://example.net/')).toBe(false)
  })

  it('knows hosts and URLs by their canonical spelling', async () => {
    const list = createRejectList(await entriesOf('BÜCHER.example\nHTTP://Example.org:80/%7eme#top'))
    expect(list.refusesUrl('http://xn--bcher-kva.example/')).toBe(true)
    expect(list.refusesUrl('http://example.org/~me')).toBe(true)
  })

  it.each([
    ['a'.repeat(63), /^--reject: 'never.txt' line 1: cannot use 'a+': expected sha256:HEX/],
    ['localhost', /^--reject: 'never.txt' line 1: cannot use 'localhost'/],
    ['md5:abc', /line 1: 'abc' is not 32 hex digits$/],
    ['# fine\n\nftp://example.org/a', /line 3: cannot use 'ftp:/],
    ['host:example.org/a', /line 1: cannot use 'host:example.org\/a'/],
    ['{"v": 1, "hosts": "example.org"}', /^--reject: 'never.txt' is no retracted.json: hosts: /],
  ])('refuses %s', async (text, message) => {
    const problems = await problemsOf(text)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(message)
  })

  it('names the first lines that are wrong, and does not look at the others', async () => {
    const problems = await problemsOf('wrong\n'.repeat(1_000))
    expect(problems).toHaveLength(21)
    expect(problems.at(-1)).toContain('what is behind line 20 was not looked at')
  })

  it('says why it cannot be read', async () => {
    async function* gone(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('example.org\n')
      throw Object.assign(new Error('EISDIR'), { code: 'EISDIR' })
    }
    expect(await readRejectFile(gone(), 'never')).toEqual({
      kind: 'problems',
      problems: ["--reject: cannot read 'never': it is a folder"],
    })
  })

  it('has each value once, however its bytes come', async () => {
    const values = fc
      .constantFrom(...(Object.keys(hexKinds) as (keyof typeof hexKinds)[]))
      .chain((prefix) => {
        const bytes = rejectKinds[hexKinds[prefix]]
        return fc
          .uint8Array({ minLength: bytes, maxLength: bytes })
          .map((raw) => [prefix, Buffer.from(raw).toString('hex')] as const)
      })
    await fc.assert(
      fc.asyncProperty(
        fc.array(values, { maxLength: 200 }),
        fc.integer({ min: 1, max: 90 }),
        async (all, cut) => {
          const text = Buffer.from([...all, ...all].map(([prefix, hex]) => `${prefix}:${hex}\n`).join(''))
          const chunks = Array.from({ length: Math.ceil(text.length / cut) }, (_, i) =>
            text.subarray(i * cut, (i + 1) * cut),
          )
          const file = await readChunks(chunks)
          if (file.kind === 'problems') throw new Error(file.problems.join('\n'))
          for (const [prefix, kind] of Object.entries(hexKinds)) {
            const given = all.flatMap(([of, hex]) => (of === prefix ? [hex] : []))
            expect([...hexOfDigests(file.entries[kind])]).toEqual([...new Set(given)].sort())
          }
        },
      ),
      { numRuns: runs.text },
    )
  })

  it('may be the tombstones of a dataset', async () => {
    const buried = rejectEntries((kind: RejectKind, width) =>
      kind === 'hosts' ? digestsOfHex(width, ['ab'.repeat(32)]) : noRejectEntries[kind],
    )
    expect(sizesOf(await entriesOf(encodeRetracted(buried).toString()))).toEqual({ hosts: 1 })
  })
})
