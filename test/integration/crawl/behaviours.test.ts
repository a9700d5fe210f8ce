import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultVisitOptions, visit } from '../../../src/crawl/index.js'
import { createNet, type Net } from '../../../src/net/index.js'
import { behaviours } from '../../fixtures/web/behaviours.js'
import { type Mischief, startMischief } from '../../fixtures/web/mischief.js'

/** What a visit to each comes to: `page`, `redirect`, or the reason for which there is none (a * may pass, and is tried again). */
const outcomes: Readonly<Record<string, string>> = {
  '/page': 'page',
  '/page?bytes=200000': 'page',
  '/drip?bytes=200&everyMs=2': 'page',
  '/drip?bytes=100000': 'timeout*',
  '/cut': 'body_cut*',
  '/cut-chunked': 'body_cut*',
  '/cut-reset': 'body_cut*',
  '/wrong-length': 'not_html',
  '/two-lengths': 'headers',
  '/wrong-type': 'not_html',
  '/redirect-loop': 'redirect',
  '/cookie-wall': 'redirect',
  '/redirect-chain/3': 'redirect',
  '/redirect-to?to=/page&bytes=100000': 'redirect',
  '/redirect-to?to=file:///etc/passwd': 'http_other',
  '/redirect-nowhere': 'http_other',
  '/redirect-hang': 'redirect',
  '/redirect-empty': 'http_other',
  '/redirect-long': 'bad_url',
  '/redirect-credentials': 'bad_url',
  '/too-many/9': 'http_429*',
  '/flaky/9': 'http_5xx*',
  '/status/403': 'http_4xx',
  '/status/500': 'http_5xx*',
  '/status/501': 'http_5xx',
  '/status-999': 'http_other',
  '/huge': 'too_large',
  '/huge?length=yes': 'too_large',
  '/bad-charset': 'page',
  '/gzip': 'page',
  '/deflate': 'page',
  '/deflate-raw': 'page',
  '/br': 'page',
  '/gzip-br': 'page',
  '/x-gzip': 'page',
  '/gzip-layers': 'encoding',
  '/gzip-members': 'page',
  '/gzip-garbage': 'page',
  '/gzip-without-trailer': 'page',
  '/gzip-wrong-checksum': 'page',
  '/gzip-without-last-block': 'page',
  '/gzip-member-cut': 'body_cut*',
  '/longer-than-it-is': 'page',
  '/longer-and-open': 'page',
  '/length-of-the-unpacked': 'page',
  '/no-last-chunk': 'page',
  '/gzip-in-gzip': 'too_large',
  '/mislabelled': 'encoding',
  '/corrupt-gzip': 'encoding',
  '/truncated-gzip': 'body_cut*',
  '/gzip-bomb?megabytes=64': 'too_large',
  '/br-bomb?megabytes=64': 'too_large',
  '/hang': 'timeout*',
  '/hang-mid-body': 'timeout*',
  '/huge-headers': 'headers',
  '/many-headers': 'headers',
  '/endless-head': 'headers',
  '/drip-head': 'timeout*',
  '/repeated-header': 'not_html',
  '/early-hints': 'page',
  '/endless-hints': 'timeout*',
  '/switching-protocols': 'connection*',
  '/not-http': 'headers',
  '/bad-status': 'headers',
  '/no-head': 'headers',
  '/negative-length': 'page',
  '/huge-length': 'too_large',
  '/length-and-chunks': 'page',
  '/line-without-colon': 'page',
  '/same-length-twice': 'page',
  '/control-bytes': 'page',
  '/bare-newline-chunks': 'page',
  '/hint-and-newlines': 'page',
  '/endless-careless-head': 'headers',
  '/bad-chunk': 'body_cut*',
  '/huge-chunk': 'body_cut*',
  '/chunk-extension': 'timeout*',
  '/null-in-head': 'page',
  '/folded-head': 'page',
  '/space-before-colon': 'page',
  '/bare-newlines': 'page',
  '/two-answers': 'page',
  '/reset': 'connection*',
  '/close': 'connection*',
  '/no-content': 'empty',
  '/empty': 'empty',
  '/empty-gzip': 'empty',
  '/until-close': 'not_html',
  '/utf16-page': 'page',
  '/nul-page': 'not_html',
  '/deep-page': 'page',
  '/link-flood': 'page',
  '/image-flood': 'page',
  '/long-attribute': 'page',
  '/long-srcset': 'page',
  '/endless-comment': 'page',
  '/open-tags': 'page',
  '/attribute-flood': 'page',
  '/entity-bomb': 'page',
  '/json-ld-bomb': 'page',
  '/base-elsewhere': 'page',
  '/maze-relative': 'page',
  '/maze-month/2026/01': 'page',
  '/maze-month-query?y=2026&m=1': 'page',
  '/maze-day/2026-01-15': 'page',
  '/maze-session': 'page',
  '/maze-filters': 'page',
  '/maze-soft404': 'page',
  '/maze-refresh': 'page',
}
/** MiB over what the process held before: the body, what is made of it, and what the web itself holds to send it. */
const usualMiB = 24
/** Those that send megabytes, of which as much is made as a page may give: about 2.5 times what they were measured to take. */
const mostMiB: Readonly<Record<string, number>> = {
  '/open-tags': 300,
  '/image-flood': 130,
  '/long-srcset': 130,
  '/attribute-flood': 120,
  '/link-flood': 90,
  '/chunk-extension': 90,
  '/endless-hints': 40,
  '/long-attribute': 40,
  '/endless-comment': 40,
  '/gzip-in-gzip': 40,
}
/** Deadline of a visit that comes to it, and of one that does not, however slowly a busy machine answers. */
const [deadlineMs, patientMs] = [1_500, 50_000] as const
/** A page is whole at once, and its connection stays open until the deadline. */
const openMs = 3_000
const deadlineOf = (path: string, expected: string): number => {
  if (path === '/longer-and-open') return openMs
  return expected === 'timeout*' ? deadlineMs : patientMs
}

setFlagsFromString('--expose-gc')
/** So that what earlier visits left behind is not held against the next one. */
const collect = runInNewContext('gc') as () => void

let web: Mischief
let net: Net
beforeAll(async () => {
  web = await startMischief()
  const connectTo = [{ fromHost: '', fromPort: null, toHost: '127.0.0.1', toPort: web.port }]
  net = createNet({ userAgent: 'test', connectTo, allowPrivate: ['127.0.0.0/8'] })
})
afterAll(async () => {
  await net.close()
  await web.close()
})

describe('the misbehaving web', () => {
  it('has a stated outcome for each of its behaviours, of which there are more than fifty', () => {
    const tried = new Set(Object.keys(outcomes).map((path) => path.slice(1).split(/[/?]/)[0]))
    expect([...tried].toSorted()).toEqual(Object.keys(behaviours).toSorted())
    expect(tried.size).toBeGreaterThan(50)
  })

  it.each(Object.entries(outcomes))(
    '%s comes to %s, and to no more memory than it may',
    { timeout: 60_000 },
    async (path, expected) => {
      const held = () => process.memoryUsage().heapUsed + process.memoryUsage().external
      collect()
      const before = held()
      let most = before
      const timer = setInterval(() => {
        most = Math.max(most, held())
      }, 10)
      // A host each: one careless answer changes how the next ones of its origin are read.
      const url = {
        id: 1,
        url: `http://${path.split(/[/?]/)[1]}.example${path}`,
        depth: 0,
        anchor: '',
        redirects: 0,
        attempts: 0,
      }
      const outcome = await visit(
        { fetch: net.fetch, now: Date.now, random: () => 0 },
        url,
        {
          ...defaultVisitOptions,
          productToken: 'pairmill',
          deadlineMs: deadlineOf(path, expected),
        },
        new AbortController().signal,
      )
      most = Math.max(most, held())
      clearInterval(timer)
      const said = 'reason' in outcome ? outcome.reason + (outcome.kind === 'retry' ? '*' : '') : outcome.kind
      expect(said).toBe(expected)
      expect((most - before) / 2 ** 20).toBeLessThan(mostMiB[path] ?? usualMiB)
    },
  )

  it('leaves no connection open behind it', { timeout: 60_000 }, async () => {
    await net.close()
    await web.socketsDownTo(0)
    expect(web.openSockets()).toBe(0)
  })
})
