import { describe, expect, it } from 'vitest'
import type { VisitOutcome } from '../../../src/crawl/index.js'
import { ChainCookies } from '../../../src/net/index.js'
import { followedBack } from '../../../src/workers/redirect-chain.js'

const skipped = { kind: 'skipped', reason: 'empty', detail: '' } as const satisfies VisitOutcome
const redirect = (to: string) => ({ kind: 'redirect', to, status: 302 }) as const

function chain(setAtFirst: string | null) {
  const cookies = new ChainCookies()
  const set = (url: string, cookie: string) =>
    cookies.take(url, { status: 302, headers: { 'set-cookie': cookie } }, 0)
  if (setAtFirst !== null) set('http://a.test/', setAtFirst)
  const asked: string[] = []
  const follow = (answer: (url: string, cookie: string | null) => VisitOutcome | null) =>
    followedBack({ url: 'http://a.test/', cookie: null, to: 'http://a.test/' }, cookies, async (url) => {
      asked.push(url)
      return answer(url, cookies.valueFor(url))
    })
  return { set, asked, follow }
}

describe('a redirect that leads back', () => {
  it('is followed with the cookie that it set', async () => {
    const { follow, asked } = chain('seen=1')
    expect(await follow((_, cookie) => (cookie === 'seen=1' ? skipped : redirect('http://a.test/')))).toBe(
      skipped,
    )
    expect(asked).toEqual(['http://a.test/'])
  })

  it('is not asked again without one', async () => {
    const { follow, asked } = chain(null)
    expect(await follow(() => skipped)).toBeNull()
    expect(asked).toEqual([])
  })

  it('is given up where it comes round with nothing new', async () => {
    const { follow, asked } = chain('seen=1')
    expect(await follow(() => redirect('http://a.test/'))).toBeNull()
    expect(asked).toHaveLength(1)
  })

  it('is given up after so many hops, though each sets another cookie', async () => {
    const { follow, asked, set } = chain('n=0')
    expect(
      await follow((url) => {
        set(url, `n=${asked.length}`)
        return redirect(url)
      }),
    ).toBeNull()
    expect(asked).toHaveLength(5)
  })

  it('ends where it may not be asked', async () => {
    const { follow } = chain('seen=1')
    expect(await follow(() => null)).toBeNull()
  })
})
