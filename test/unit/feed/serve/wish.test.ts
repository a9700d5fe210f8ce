import { describe, expect, it } from 'vitest'
import { askedBy } from '../../../../src/feed/serve/wish.js'

const tar = (query = '', path = '/epoch/2/00001-of-00004.tar') => askedBy('GET', `${path}${query}`)
const messageOf = (asked: ReturnType<typeof askedBy>) =>
  asked.kind === 'refused' ? `${asked.status} ${asked.message}` : asked.kind

describe('what a request asks for', () => {
  it('is a part of an epoch, by path and query', () => {
    expect(tar()).toEqual({
      kind: 'tar',
      wish: {
        ...{ order: { seed: '0', split: null, where: null }, caption: 'best', epoch: 2, from: null, step: 0 },
        ...{ reader: { rank: 1, world: 4, worker: 0, workers: 1, batchSize: 1 }, withState: false },
      },
    })
    const query =
      '?seed=7&split=train&where=clip_score+%3E+0.3&caption=alt,title&state=1&worker=1&workers=2&batch=64&step=128'
    expect(tar(query, '/epoch/next/1-of-4.tar')).toMatchObject({
      wish: {
        ...{ order: { seed: '7', split: 'train', where: 'clip_score > 0.3' }, caption: ['alt', 'title'] },
        ...{ epoch: 'next', reader: { worker: 1, workers: 2, batchSize: 64 }, step: 128, withState: true },
      },
    })
  })

  it('is how far parts have come', () => {
    const order = { seed: '0', split: null, where: null }
    expect(askedBy('PUT', '/state?world=4')).toEqual({ kind: 'state', wish: { order, world: 4, rank: null } })
    expect(askedBy('GET', '/state?world=4&rank=0')).toEqual({
      kind: 'state',
      wish: { order, world: 4, rank: 0 },
    })
  })

  it('is refused where it is wrong, with what to do', () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['?wher=1', "400 'wher' is not known: there are seed, split, where"],
      ['?where=a&where=b', '400 where is given more than once'],
      ['?where=', '400 where: the condition is empty'],
      ['?caption=alt,nose', '400 caption: expected best, or some of rule, alt, figcaption'],
      ['?split=../x', "400 split: expected a name such as train, got '../x'"],
      ['?worker=2&workers=2', '400 worker is a whole number from 0 to workers - 1 (1), got 2'],
      ['?batch=x', "400 batch: expected a whole number, got 'x'"],
      ['?batch=0', '400 batchSize is a whole number from 1 on, got 0'],
      ['?state=yes', "400 state: expected 0 or 1, got 'yes'"],
      ['?from=nothing', '400 from: the state is none that this version wrote'],
    ]
    for (const [query, message] of wrong) expect(messageOf(tar(query))).toContain(message)
    expect(messageOf(tar('', '/epoch/0/00004-of-00004.tar'))).toContain(
      '400 rank is a whole number from 0 to',
    )
    expect(messageOf(tar('', '/epoch/0/0-of-0.tar'))).toContain('400 world is a whole number from 1 on')
    expect(messageOf(tar('', '/etc/passwd'))).toContain('404 there is no /etc/passwd here')
    expect(messageOf(askedBy('POST', '/state'))).toContain('405 POST is not done here: ask by GET, HEAD, PUT')
    expect(messageOf(askedBy('PUT', '/epoch/0/0-of-1.tar'))).toContain('405')
    expect(messageOf(askedBy('GET', 'http://['))).toContain('400')
  })
})
