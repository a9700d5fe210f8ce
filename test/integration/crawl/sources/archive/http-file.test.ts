import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SourceError } from '../../../../../src/crawl/index.js'
import { openHttpFile } from '../../../../../src/crawl/sources/archive/http-file.js'
import { createNet, type Net } from '../../../../../src/net/index.js'
import { calm, filesOf, readerOf } from '../../../../fixtures/crawl/sources/archive/reader.js'
import { members, pageRecord } from '../../../../fixtures/crawl/sources/archive/warc-writer.js'
import { type ArchiveWeb, startArchiveWeb } from '../../../../fixtures/run/archive-web.js'

let web: ArchiveWeb
let net: Net
beforeAll(async () => {
  web = await startArchiveWeb()
  net = createNet({ userAgent: 'test/1', connectTo: [], allowPrivate: ['127.0.0.0/8'] })
})
afterEach(() => {
  web.before(() => false)
  web.cutAfter(Number.POSITIVE_INFINITY)
})
afterAll(() => Promise.all([net.close(), web.close()]))

const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * 31 + i) % 251))
const urlOf = (path: string) => `http://127.0.0.1:${web.port}${path}`
const open = (path: string, random = () => 0) =>
  openHttpFile({ fetch: net.fetch, now: () => 0, random }, urlOf(path), calm())

async function read(path: string, from: number): Promise<Buffer> {
  const opened = await open(path)
  if (opened.kind !== 'file') throw new Error(opened.detail)
  const pieces: Buffer[] = []
  for await (const piece of opened.file.bytes(from, calm())) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('a file behind a URL', { timeout: 60_000 }, () => {
  it('is read from any byte on, through connections that break, and asks for no byte twice', async () => {
    web.put('/a', bytes)
    web.cutAfter(70_000)
    const before = web.asked.length
    expect((await read('/a', 1_234)).equals(bytes.subarray(1_234))).toBe(true)
    const firsts = web.asked.slice(before).map(([, first]) => first)
    expect(firsts).toEqual([0, 1_234, 71_234, 141_234, 211_234, 281_234])
  })

  it('that is empty, or smaller than a part, is read as well', async () => {
    web.put('/empty', Buffer.alloc(0))
    web.put('/small', Buffer.from('small'))
    expect(await read('/empty', 0)).toEqual(Buffer.alloc(0))
    expect(await read('/small', 2)).toEqual(Buffer.from('all'))
  })

  it('is waited for where its server is busy, and given up with its reason where it stays so', async () => {
    web.put('/busy', bytes)
    let asked = 0
    web.before((_, __, response) => {
      if (++asked > 2) return false
      response.writeHead(503, { 'retry-after': '0' }).end()
      return true
    })
    expect((await read('/busy', 0)).equals(bytes)).toBe(true)
    web.before((_, __, response) => {
      response.writeHead(503, { 'retry-after': '0' }).end()
      return true
    })
    await expect(open('/busy')).rejects.toThrow(/cannot be read: HTTP 503, 6 times; the same command goes on/)
  })

  it('that is gone, or refused, is told apart from one that cannot be read now', async () => {
    expect(await open('/none')).toEqual({ kind: 'absent', detail: 'HTTP 404' })
    web.before((_, __, response) => {
      response.writeHead(403).end()
      return true
    })
    expect(await open('/none')).toEqual({ kind: 'refused', detail: 'HTTP 403' })
  })

  it('that becomes another one while it is read is no more read', async () => {
    web.put('/changing', bytes)
    const opened = await open('/changing')
    if (opened.kind !== 'file') throw new Error(opened.detail)
    web.put('/changing', Buffer.concat([bytes, bytes]))
    const reading = (async () => {
      for await (const piece of opened.file.bytes(100_000, calm())) expect(piece.length).toBe(0)
    })()
    await expect(reading).rejects.toThrow(/has changed while it was read/)
  })

  it('of a server that gives no parts is read where one answer holds it, and else refused with what to do', async () => {
    const whole = (size: number): Promise<Server> =>
      new Promise((ready) => {
        const server = createServer((_, response) => response.end(bytes.subarray(0, size)))
        server.listen(0, '127.0.0.1', () => ready(server))
      })
    for (const size of [50_000, 300_000]) {
      const server = await whole(size)
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`
      const opening = openHttpFile({ fetch: net.fetch, now: () => 0, random: () => 0 }, url, calm())
      if (size === 300_000) await expect(opening).rejects.toThrow(/gives no parts of files .* download it/)
      else expect(await opening).toMatchObject({ kind: 'file' })
      server.close()
      server.closeAllConnections()
    }
  })
})

describe('archives that their server refuses', () => {
  it('are passed over, unless one after the other is: then it is us', async () => {
    const list = '/lists/x.paths'
    const openFile = (lines: readonly string[]) => {
      const files = filesOf({
        [list]: Buffer.from(lines.join('\n')),
        '/lists/good.warc.gz': members(pageRecord(1)),
      })
      return async (place: string, signal: AbortSignal) =>
        place.includes('bad')
          ? ({ kind: 'refused', detail: 'HTTP 403' } as const)
          : await files(place, signal)
    }
    const reasons = async (lines: readonly string[]) => {
      const seen: string[] = []
      for await (const { skipped, candidates } of readerOf(openFile(lines), list).steps('', calm())) {
        seen.push(...skipped.map(({ reason }) => reason), ...candidates.map(() => 'page'))
      }
      return seen
    }
    expect(await reasons(['bad1.warc', 'bad2.warc', 'good.warc.gz', 'bad3.warc', 'good.warc.gz'])).toEqual([
      'refused',
      'refused',
      'page',
      'refused',
      'page',
    ])
    await expect(reasons(['good.warc.gz', 'bad1.warc', 'bad2.warc', 'bad3.warc'])).rejects.toThrow(
      SourceError,
    )
  })
})
