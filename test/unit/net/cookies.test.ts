import { describe, expect, it } from 'vitest'
import { ChainCookies } from '../../../src/net/cookies.js'

const now = Date.UTC(2026, 5, 1)

/** Cookie field of a request to `to`, after an answer from `from` that set those. */
function sent(from: string, setCookie: readonly string[], to: string): string | null {
  const cookies = new ChainCookies()
  cookies.take(from, { status: 302, headers: { 'set-cookie': setCookie.join('\n') } }, now)
  return cookies.valueFor(to)
}

describe('a cookie of a chain', () => {
  it.each<[string, string, string[], string, string | null]>([
    ['goes back to its host', 'http://a.test/x', ['seen=1'], 'http://a.test/y', 'seen=1'],
    ['goes to no other host', 'http://a.test/x', ['seen=1'], 'http://b.test/', null],
    ['goes to no host below', 'http://a.test/x', ['seen=1'], 'http://www.a.test/', null],
    ['goes below where it says so', 'http://a.test/', ['s=1; Domain=.a.test'], 'http://www.a.test/', 's=1'],
    ['goes up where it says so', 'http://www.a.test/', ['s=1; domain=A.test'], 'http://a.test/', 's=1'],
    ['of another host is none', 'http://a.test/', ['s=1; Domain=b.test'], 'http://b.test/', null],
    ['of a public suffix is none', 'http://a.co.uk/', ['s=1; Domain=co.uk'], 'http://b.co.uk/', null],
    ['of an address stays there', 'http://127.0.0.1/', ['s=1; Domain=0.0.1'], 'http://127.0.0.1/', null],
    ['goes where its path is', 'http://a.test/', ['s=1; Path=/shop'], 'http://a.test/shop/1', 's=1'],
    ['goes nowhere beside its path', 'http://a.test/', ['s=1; Path=/shop'], 'http://a.test/shopping', null],
    ['has the folder of its page as its path', 'http://a.test/b/c', ['s=1'], 'http://a.test/b/d', 's=1'],
    ['does not leave that folder', 'http://a.test/b/c', ['s=1'], 'http://a.test/d', null],
    ['that is secure goes over https', 'https://a.test/', ['s=1; Secure'], 'https://a.test/', 's=1'],
    ['that is secure does not go in the clear', 'https://a.test/', ['s=1; Secure'], 'http://a.test/', null],
    ['that is secure is not taken in the clear', 'http://a.test/', ['s=1; Secure'], 'https://a.test/', null],
    ['is replaced by its like', 'http://a.test/', ['s=1', 's=2'], 'http://a.test/', 's=2'],
    ['is taken back by its age', 'http://a.test/', ['s=1', 's=; Max-Age=0'], 'http://a.test/', null],
    [
      'is taken back by its end',
      'http://a.test/',
      ['s=1', 's=; Expires=Thu, 01-Jan-2026 00:00:00 GMT'],
      'http://a.test/',
      null,
    ],
    [
      'is kept to its end',
      'http://a.test/',
      ['s=1; Expires=Thu, 01 Jan 2032 00:00:00 GMT'],
      'http://a.test/',
      's=1',
    ],
    [
      'stands behind those of longer paths',
      'http://a.test/b/c',
      ['x=1; Path=/', 'y=2; Path=/b'],
      'http://a.test/b/c',
      'y=2; x=1',
    ],
    ['may have no name', 'http://a.test/', ['just this'], 'http://a.test/', 'just this'],
    ['that is empty is none', 'http://a.test/', ['=', '; Path=/'], 'http://a.test/', null],
    ['that is too long is none', 'http://a.test/', [`s=${'x'.repeat(5_000)}`], 'http://a.test/', null],
  ])('%s', (_, from, setCookie, to, expected) => {
    expect(sent(from, setCookie, to)).toBe(expected)
  })

  it('is one of fifty at most', () => {
    const many = Array.from({ length: 80 }, (_, i) => `c${i}=1`)
    expect(sent('http://a.test/', many, 'http://a.test/')?.split('; ')).toHaveLength(50)
  })
})
