import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ConnectTo, parseConnectTo, routed } from '../../../src/records/index.js'

const wanted = { host: 'pictures.example', port: 443 }

function rules(...texts: string[]): ConnectTo[] {
  return texts.map((text) => {
    const rule = parseConnectTo(text)
    if ('error' in rule) throw new Error(rule.error)
    return rule
  })
}

describe('parseConnectTo', () => {
  it.each<[string, ConnectTo]>([
    ['::127.0.0.1:8100', { fromHost: '', fromPort: null, toHost: '127.0.0.1', toPort: 8100 }],
    [
      'a.example:443:b.example:8443',
      { fromHost: 'a.example', fromPort: 443, toHost: 'b.example', toPort: 8443 },
    ],
    ['a.example:80::', { fromHost: 'a.example', fromPort: 80, toHost: '', toPort: null }],
    [':::', { fromHost: '', fromPort: null, toHost: '', toPort: null }],
    ['[::1]:80:[fd00::2]:81', { fromHost: '::1', fromPort: 80, toHost: 'fd00::2', toPort: 81 }],
    ['::[::1]:8100', { fromHost: '', fromPort: null, toHost: '::1', toPort: 8100 }],
    [
      'Grüße.Example::0x7f.1:',
      { fromHost: 'xn--gre-6ka8l.example', fromPort: null, toHost: '127.0.0.1', toPort: null },
    ],
  ])('reads %s', (text, rule) => {
    expect(parseConnectTo(text)).toEqual(rule)
  })

  it.each([
    '',
    'a.example',
    'a:1:b',
    'a:1:b:2:c',
    'a:0:b:2',
    'a:1:b:65536',
    'a:x:b:2',
    '::1:80:b:2',
    '[::1:80:b:2',
    '[a.example]:80:b:2',
    'a/b:1:c:2',
    'u@a:1:c:2',
    'a b:1:c:2',
  ])('says what is wrong with "%s"', (text) => {
    const result = parseConnectTo(text)
    expect(result).toHaveProperty('error')
    expect('error' in result && result.error).toContain(text)
  })

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.string(), (text) => parseConnectTo(text) !== null))
  })
})

describe('routed', () => {
  it('leaves alone what no rule names', () => {
    expect(routed(rules('other.example:443:127.0.0.1:1', 'pictures.example:80:127.0.0.1:1'), wanted)).toEqual(
      wanted,
    )
  })

  it('sends every connection to one place with ::HOST:PORT', () => {
    expect(routed(rules('::127.0.0.1:8100'), wanted)).toEqual({ host: '127.0.0.1', port: 8100 })
  })

  it('keeps the host or the port that a rule leaves empty', () => {
    expect(routed(rules('pictures.example:::8443'), wanted)).toEqual({ host: 'pictures.example', port: 8443 })
    expect(routed(rules(':443:127.0.0.1:'), wanted)).toEqual({ host: '127.0.0.1', port: 443 })
  })

  it('takes the first rule that matches', () => {
    const both = rules('pictures.example::127.0.0.1:1', '::127.0.0.1:2')
    expect(routed(both, wanted).port).toBe(1)
    expect(routed(both, { host: 'else.example', port: 80 }).port).toBe(2)
  })
})
