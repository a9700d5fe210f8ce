import { describe, expect, it } from 'vitest'
import { parseSnapshot } from '../../../src/run/snapshot.js'
import { snapshotOf } from '../../fixtures/cli/snapshot.js'

const read = (value: unknown) => parseSnapshot(JSON.stringify(value), '/d/.pairmill/status.json', '/d')

describe('the status of a run', () => {
  it('is what was written', () => {
    expect(read(snapshotOf())).toEqual(snapshotOf())
  })

  it('of a newer version is read without what is not known here', () => {
    const [host] = snapshotOf().hosts
    const newer = {
      ...snapshotOf({ hosts: [host!] }),
      robots: { seen: 3 },
      hosts: [{ ...host, colour: 'red' }],
    }
    expect(read(newer)).toEqual(snapshotOf({ hosts: [host!] }))
    expect(read(snapshotOf({ counters: { 'link_skipped:new': 2, other: 0.5 } }))).toMatchObject({
      counters: { 'link_skipped:new': 2, other: 0.5 },
    })
  })

  it('of an early version has neither a delay nor a state of hosts', () => {
    const { delayMs: _, state: __, ...host } = snapshotOf().hosts[0]!
    expect(read({ ...snapshotOf(), hosts: [host] })).toEqual(snapshotOf({ hosts: [{ ...host, delayMs: 0 }] }))
  })

  it.each<[string, object, string]>([
    ['another state', { state: '\u001b[31mdone' }, 'state: '],
    [
      'another state of a host',
      { hosts: [{ ...snapshotOf().hosts[0], state: 'x\u001b[2J' }] },
      'hosts[0].state: ',
    ],
    ['a count that is none', { counters: { pages: '\u001b[31m7' } }, 'counters.pages: '],
    ['a queue less', { queues: { ...snapshotOf().queues, urls: undefined } }, 'queues.urls: '],
    ['a time that is none', { updatedAt: 'now\u001b[2J' }, 'updatedAt: '],
    ['an object for a text', { dataset: { toString: 1 } }, 'dataset: '],
    ['a list for a model', { model: [] }, 'model'],
  ])('with %s is refused by its place and the field', (_, change, field) => {
    const parsed = read({ ...snapshotOf(), ...change })
    expect(parsed).toEqual({
      problem: expect.stringContaining(`/d/.pairmill/status.json is not the status of a run: ${field}`),
    })
    expect(JSON.stringify(parsed)).not.toContain('u001b')
  })

  it('that is something else, or of another format, is refused', () => {
    for (const other of [null, 7, 'v', [], {}, { v: '\u001b[2J' }])
      expect(read(other)).toEqual({ problem: expect.stringContaining('is not the status of a run: ') })
    expect(read({ v: 2 })).toEqual({ problem: '/d was written by another version of pairmill (status v2)' })
    expect(parseSnapshot('{', '/d/s.json', '/d')).toEqual({ problem: '/d/s.json is not JSON' })
  })
})
