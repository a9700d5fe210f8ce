import { describe, expect, it } from 'vitest'
import { createTraps } from '../../../../src/workers/hosts/traps.js'

const from = { url: 'http://a.test/', depth: 1 }
const traps = (max = 1_000) => createTraps(max, () => Date.UTC(2026, 5, 1))

describe('traps that only show over several pages', () => {
  it('a page under a second session is not visited again', () => {
    const { linkVerdict } = traps()
    const url = (id: string) => `http://a.test/shop?sid=${id}`
    expect(linkVerdict(url('0123456789abcdef'), from)).toBeNull()
    expect(linkVerdict(url('0123456789abcdef'), from)).toBeNull()
    expect(linkVerdict(url('fedcba9876543210'), from)).toBe('trap_session')
    expect(linkVerdict('http://a.test/other?sid=fedcba9876543210', from)).toBeNull()
  })

  it('the fourth page of a host with the same content is a copy, and every one after it', () => {
    const { isCopy } = traps()
    const copies = Array.from({ length: 5 }, (_, i) => isCopy(`http://a.test/${i}`, 'same'))
    expect(copies).toEqual([false, false, false, true, true])
    expect(isCopy('http://b.test/', 'same')).toBe(false)
    expect(isCopy('http://a.test/x', 'other')).toBe(false)
  })

  it('but tries of one URL are no copies of each other, and take no place of those that are', () => {
    const { isCopy } = traps()
    const tries = (path: string) => Array.from({ length: 6 }, () => isCopy(`http://a.test/${path}`, 'same'))
    for (const path of ['1', '2', '3']) expect(tries(path)).not.toContain(true)
    expect(tries('4')).not.toContain(false)
    expect(tries('1')).not.toContain(true)
  })

  it('and one that has no digest is none', () => {
    const { isCopy } = traps()
    const copies = Array.from({ length: 5 }, (_, i) => isCopy(`http://a.test/${i}`, undefined))
    expect(copies).not.toContain(true)
  })

  it('a redirect to itself, and one to where it came from, lead back', () => {
    const { leadsBack } = traps()
    const of = (...hops: string[]) =>
      hops.slice(1).map((to, i) => leadsBack(`http://${hops[i]}/`, `http://${to}/`))
    expect(of('a.test', 'a.test')).toEqual([true])
    expect(of('b.test', 'c.test', 'b.test')).toEqual([false, true])
    expect(of('d.test', 'e.test', 'f.test', 'g.test', 'e.test')).toEqual([false, false, false, true])
  })

  it('and one that others come to as well leads on', () => {
    const { leadsBack } = traps()
    const hops = [
      ['a', 'home'],
      ['b', 'home'],
      ['home', 'start'],
      ['c', 'a'],
    ].map(([url, to]) => leadsBack(`http://x.test/${url}`, `http://x.test/${to}`))
    expect(hops).toEqual([false, false, false, false])
  })

  it('are forgotten when very many others came in between', () => {
    const { isCopy } = traps(10)
    for (let i = 0; i < 3; i++) isCopy(`http://a.test/${i}`, 'same')
    for (let i = 0; i < 20; i++) isCopy('http://a.test/', String(i))
    expect(isCopy('http://a.test/x', 'same')).toBe(false)
  })
})
