import { describe, expect, it } from 'vitest'
import type { PageSkipReason } from '../../../../src/crawl/index.js'
import { type FetchFailure, type FetchOutcome, fetchFailures } from '../../../../src/net/index.js'
import { type HostEvent, hostEventOf, isAnswered } from '../../../../src/workers/hosts/host-event.js'
import { observedFetch } from '../../../../src/workers/hosts/observed-fetch.js'

const dead: HostEvent = { kind: 'dead' }

describe('what a fetch says about its host', () => {
  const response = (status: number, headers: Record<string, string> = {}): FetchOutcome => ({
    kind: 'response',
    head: { status, headers },
    body: new Uint8Array(),
    stopped: false,
  })
  it.each<[string, FetchOutcome, HostEvent | null]>([
    ['200', response(200), { kind: 'answered', latencyMs: 70 }],
    ['404', response(404), { kind: 'answered', latencyMs: 70 }],
    ['500', response(500), dead],
    ['429', response(429), { kind: 'overloaded', askedMs: null }],
    ['429 with a time', response(429, { 'retry-after': '3' }), { kind: 'overloaded', askedMs: 3_000 }],
    [
      '503 with a date',
      response(503, { 'retry-after': 'Thu, 01 Jan 1970 00:00:02 GMT' }),
      { kind: 'overloaded', askedMs: 1_900 },
    ],
    ['no connection', { kind: 'failed', reason: 'connection', detail: '' }, dead],
    ['our own end', { kind: 'failed', reason: 'cancelled', detail: '' }, null],
    ['a refused address', { kind: 'failed', reason: 'address_refused', detail: '' }, null],
    ['a body too large', { kind: 'failed', reason: 'too_large', detail: '' }, null],
  ])('%s', (_, outcome, event) => {
    expect(hostEventOf(outcome, 30, 100)).toEqual(event)
  })

  it('is told before the caller learns of it', async () => {
    const heard: string[] = []
    const fetch = observedFetch(
      async () => response(200),
      Date.now,
      (host, { kind }) => heard.push(`${host} ${kind}`),
    )
    await fetch(
      { url: 'http://a.test:8080/x', accept: '*/*', maxBytes: 1, deadlineMs: 1 },
      AbortSignal.abort(),
    )
    expect(heard).toEqual(['a.test:8080 answered'])
  })
})

describe('whether a host answered', () => {
  const dead: readonly FetchFailure[] = ['connection', 'timeout', 'dns', 'tls']

  it.each(fetchFailures)('is the same to a fetch and to a page that end with %s', (reason) => {
    const event = hostEventOf({ kind: 'failed', reason, detail: '' }, 0, 0)
    expect(event).toEqual(dead.includes(reason) ? { kind: 'dead' } : null)
    // What says nothing to a fetch is an answer to a page that came to its end by it.
    expect(isAnswered(reason)).toBe(!dead.includes(reason))
  })

  it.each<[PageSkipReason, boolean]>([
    ['http_429', false],
    ['http_5xx', false],
    ['http_4xx', true],
    ['http_other', true],
    ['not_html', true],
    ['empty', true],
    ['copy', true],
    ['soft_404', true],
    ['opt_out', true],
    ['commit_failed', true],
  ])('to a page that ends with %s: %s', (reason, answered) => {
    expect(isAnswered(reason)).toBe(answered)
  })
})
