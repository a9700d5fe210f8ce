import { describe, expect, it } from 'vitest'
import { createNet, type Resolve } from '../../../src/net/index.js'
import { parseConnectTo } from '../../../src/records/index.js'

const names: Record<string, readonly string[]> = {
  'one.example': ['93.184.215.14'],
  'many.example': ['151.101.65.1', '151.101.1.1', '2a04:4e42::1'],
  'many.example.again': ['2a04:4e42::1', '151.101.1.1', '151.101.65.1'],
  'six.example': ['2a00:1450:4001:82a::200e'],
  'near.six.example': ['2a00:1450:4001:82a:ffff::1'],
  'inside.example': ['10.0.0.1'],
}
const resolve: Resolve = async (name) => {
  const found = names[name] ?? []
  return found.length === 0
    ? { error: 'no such name' }
    : found.map((address) => ({ address, family: address.includes(':') ? (6 as const) : (4 as const) }))
}

describe('the place of a host', () => {
  it.each([
    ['one.example', '93.184.215.14'],
    ['one.example:8080', '93.184.215.14'],
    ['many.example', '151.101.1.1'],
    ['many.example.again', '151.101.1.1'],
    ['six.example', '2a00:1450:4001:82a::/64'],
    ['near.six.example', '2a00:1450:4001:82a::/64'],
    ['1.1.1.1', '1.1.1.1'],
    ['[2606:4700::1111]:81', '2606:4700:0:0::/64'],
    ['inside.example', null],
    ['127.0.0.1', null],
    ['gone.example', null],
    ['elsewhere.example', null],
  ])('%s is %s', async (host, place) => {
    const rule = parseConnectTo('elsewhere.example::one.example:')
    if ('error' in rule) throw new Error(rule.error)
    const net = createNet({ userAgent: 'test', connectTo: [rule], allowPrivate: ['10.0.0.0/8'], resolve })
    expect(await net.placeOf(host)).toBe(place)
    await net.close()
  })
})
