import { describe, expect, it } from 'vitest'
import { type Asked, isLoopback, namesOf, refusalOf } from '../../../../src/report/explore/guard.js'

const names = namesOf('127.0.0.1', [])
const own: Asked = { method: 'GET', host: '127.0.0.1:7878', origin: null, site: null }
const asked = (changes: Partial<Asked>) => refusalOf({ ...own, ...changes }, names)

describe('a request', () => {
  it.each([
    ['of no browser', {}],
    ['that somebody typed', { site: 'none' }],
    ['of its own page', { site: 'same-origin' }],
    ['by its other name', { host: 'localhost:7878', site: 'same-origin' }],
    ['through a tunnel from another port', { host: 'localhost:9000', site: 'same-origin' }],
    ['in capitals', { host: 'LOCALHOST:7878' }],
    ['of its own page, to post', { method: 'POST', site: 'same-origin', origin: 'http://127.0.0.1:7878' }],
    ['of an old browser, to post', { method: 'POST', origin: 'http://127.0.0.1:7878' }],
  ])('%s is answered', (_, changes) => {
    expect(asked(changes)).toBeNull()
  })

  it.each([
    ['by a rebound name', { host: 'evil.example:7878' }],
    ['by a name that begins as its own', { host: '127.0.0.1.evil.example' }],
    ['by a name with a user', { host: 'localhost@evil.example' }],
    ['without a name', { host: null }],
    ['with an empty name', { host: '' }],
    ['by another address of this machine', { host: '127.0.0.2:7878' }],
    ['of another origin', { origin: 'http://evil.example' }],
    ['of another port', { origin: 'http://127.0.0.1:8000' }],
    ['of a hidden origin', { origin: 'null' }],
    ['of another scheme', { origin: 'https://127.0.0.1:7878' }],
    ['from another site', { site: 'cross-site' }],
    ['from the same site', { site: 'same-site' }],
    ['to post, of no known origin', { method: 'POST' }],
    ['to post, typed', { method: 'POST', site: 'none', origin: 'http://127.0.0.1:7878' }],
    ['to post, from another site', { method: 'POST', site: 'cross-site', origin: 'http://127.0.0.1:7878' }],
  ])('%s is not', (_, changes) => {
    expect(asked(changes)).not.toBeNull()
  })
})

describe('names', () => {
  it('are those that it listens on', () => {
    expect([...namesOf('192.0.2.7', ['192.0.2.7', '10.0.0.1'])]).toEqual(['192.0.2.7'])
    expect([...namesOf('crawler.example', [])]).toEqual(['crawler.example'])
    expect([...namesOf('::1', [])]).toEqual(['[::1]', 'localhost'])
  })

  it('are all addresses of a machine where it listens on all of them', () => {
    expect([...namesOf('0.0.0.0', ['127.0.0.1', '192.0.2.7', 'fe80::1%eth0'])]).toEqual([
      ...['127.0.0.1', '192.0.2.7', '[fe80::1]', 'localhost'],
    ])
  })

  it('of loopback are known', () => {
    expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].every(isLoopback)).toBe(true)
    expect(['0.0.0.0', '192.0.2.7', '127.0.0.1.example'].some(isLoopback)).toBe(false)
  })
})
