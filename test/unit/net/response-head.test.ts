import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkReader } from '../../../src/net/chunks.js'
import { bodyEndOf, headersOf, readHead } from '../../../src/net/response-head.js'
import { runs } from '../../fixtures/runs.js'

const read = (text: string, isAll = false) => readHead(Buffer.from(text, 'latin1'), isAll)
const headOf = (...lines: string[]) => read(`${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`)
const fields = (...lines: string[]) => {
  const got = headOf(...lines)
  return got === null || got === 'more' ? got : got.head.headers
}

describe('the head of a response', () => {
  it.each(['\r\n', '\n'])('is read to its empty line, whichever end of line it has: %j', (end) => {
    const text = ['HTTP/1.1 404 Not Found', 'Content-Type: text/html', '', 'body\n\nmore'].join(end)
    const got = read(text)
    expect(got).toEqual({
      head: { status: 404, headers: { 'content-type': 'text/html' } },
      bodyAt: text.indexOf('body'),
    })
  })

  it('ends with the first empty line of either kind', () => {
    expect(read('HTTP/1.0 200\nA: 1\n\r\nB: 2\r\n\r\n')).toMatchObject({
      head: { headers: { a: '1' } },
      bodyAt: 20,
    })
    expect(read('HTTP/1.0 200\r\nA: 1\r\n\nB: 2\r\n\r\n')).toMatchObject({
      head: { headers: { a: '1' } },
      bodyAt: 21,
    })
  })

  it('may have empty lines before it, no reason, and any case', () => {
    expect(read('\r\n\r\nhttp/1.1 204\r\n\r\n')).toMatchObject({ head: { status: 204, headers: {} } })
  })

  it('is not there yet without its end, but where nothing follows', () => {
    expect(read('HTTP/1.1 200 OK\r\nA: 1\r\n')).toBe('more')
    expect(read('HT')).toBe('more')
    expect(read('HTTP/1.1 200 OK\r\nA: 1\r\n', true)).toMatchObject({ head: { headers: { a: '1' } } })
  })

  it.each([
    '<!doctype html>\n\n',
    'SSH-2.0-OpenSSH_9.2\r\n',
    'ICY 200 OK\r\n\r\n',
    'HTTP/1.1 two hundred\r\n\r\n',
  ])('is none: %j', (text) => {
    expect(read(text)).toBeNull()
  })

  it('passes over lines without a colon, and without a name', () => {
    expect(fields('A: 1', 'X-Frame-Options="DENY"', ': 2', '__proto__: 3', 'B: 4')).toEqual({
      a: '1',
      b: '4',
    })
  })

  it('unfolds folded lines', () => {
    expect(fields('A: one', '\ttwo', '  three', 'B: 4')).toEqual({ a: 'one two three', b: '4' })
    expect(fields('  folded into nothing', 'B: 4')).toEqual({ b: '4' })
  })

  it('has blanks in place of control bytes, and none before a colon', () => {
    expect(fields('X-Title : caf\xe9\x01\0 \x7f.')).toEqual({ 'x-title': 'caf\xe9    .' })
    expect(fields('A: one\rtwo')).toEqual({ a: 'one two' })
  })

  it('joins repeated fields by commas, cookies by lines', () => {
    expect(
      headersOf([
        ['Link', '<a>'],
        ['link', '<b>'],
      ]),
    ).toEqual({ link: '<a>, <b>' })
    expect(
      headersOf([
        ['Set-Cookie', 'a=1; Expires=Mon, 1'],
        ['set-cookie', 'b=2'],
      ]),
    ).toEqual({
      'set-cookie': 'a=1; Expires=Mon, 1\nb=2',
    })
  })
})

describe('the body of a response ends', () => {
  const endOf = (status: number, headers: Record<string, string>) => bodyEndOf({ status, headers })
  it.each([
    [
      'with its chunks, whatever length is given',
      { 'transfer-encoding': 'gzip, chunked', 'content-length': '5' },
      'chunks',
    ],
    ['by its length', { 'content-length': '5' }, 5],
    ['by its length, said twice', { 'content-length': '5, 5' }, 5],
    ['with its connection, where nothing is said', {}, 'close'],
    ['with its connection, where the length is no number', { 'content-length': '-5' }, 'close'],
  ])('%s', (_, headers, expected) => {
    const end = endOf(200, headers)
    expect(end?.kind === 'length' ? end.bytes : end?.kind).toBe(expected)
  })

  it('at once where its status has none', () => {
    expect(endOf(204, { 'transfer-encoding': 'chunked' })).toEqual({ kind: 'length', bytes: 0 })
  })

  it('nobody knows where, if two lengths disagree', () => {
    expect(endOf(200, { 'content-length': '5, 7' })).toBeNull()
  })
})

describe('chunks', () => {
  const coded = fc
    .tuple(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 }),
      fc.constantFrom('\r\n', '\n'),
      fc.constantFrom('', ';x=y', ' '),
    )
    .map(([parts, end, extension]) => ({
      body: Buffer.concat(parts),
      coded: Buffer.concat([
        ...parts.flatMap((part) => [
          Buffer.from(`${part.length.toString(16)}${extension}${end}`),
          part,
          Buffer.from(end),
        ]),
        Buffer.from(`0${end}${end}and what follows`),
      ]),
    }))

  it('are undone however they are written, and however they come in', () => {
    fc.assert(
      fc.property(coded, fc.integer({ min: 1, max: 30 }), ({ body, coded: bytes }, size) => {
        const reader = new ChunkReader()
        const parts: Buffer[] = []
        for (let at = 0; at < bytes.length; at += size)
          parts.push(...reader.push(bytes.subarray(at, at + size)))
        expect(reader.isDone).toBe(true)
        expect(Buffer.concat(parts).equals(body)).toBe(true)
      }),
      { numRuns: runs.line },
    )
  })

  it.each(['zz\r\n', 'ffffffffffffffff\r\n', `5;${'x'.repeat(2_000)}`])(
    'are broken by a length like %j',
    (line) => {
      const reader = new ChunkReader()
      reader.push(Buffer.from(line))
      expect(reader.isBroken).toBe(true)
    },
  )
})
