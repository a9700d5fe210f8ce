import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SourceError } from '../../../src/crawl/index.js'
import { readersOf } from '../../../src/run/source-readers.js'
import { calm, imagesOf, type Told, toldBy } from '../../fixtures/crawl/sources/archive/reader.js'
import {
  members,
  pageRecord,
  record,
  response,
  wat,
} from '../../fixtures/crawl/sources/archive/warc-writer.js'
import { runOptions } from '../../fixtures/options/run-options.js'
import { type FaultyProxy, startFaultyProxy } from '../../fixtures/s3/faulty-proxy.js'
import { s3Bench } from '../../fixtures/s3/s3-stores.js'

const s3 = await s3Bench()
let proxy: FaultyProxy
let bucket: string
beforeAll(async () => {
  if (s3.why !== '') return
  proxy = await startFaultyProxy(s3.server.endpoint)
  bucket = await s3.server.bucket()
}, 60_000)
afterEach(() => proxy?.meet(null))
afterAll(async () => {
  await proxy?.close()
  await s3.close()
})

const put = (Key: string, Body: Buffer) =>
  s3.server.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))

/** The reader of one place in S3, as a run has it. */
function readerOf(place: string) {
  const options = runOptions({ sources: [{ kind: 'archive', place, base: null }] })
  const settings = { endpoint: proxy.endpoint, region: null, pathStyle: null }
  const fetch = () => Promise.reject(new Error('nothing is on the web here'))
  const [named] = readersOf(options, { s3: settings }, { fetch })
  return named!.reader
}

async function told(place: string, cursor = ''): Promise<Told & { readonly cursors: readonly string[] }> {
  const steps = []
  for await (const step of readerOf(place).steps(cursor, calm())) steps.push(step)
  return { ...toldBy(steps), cursors: steps.map((step) => step.cursor) }
}

describe.skipIf(s3.why !== '')(`archives in S3${s3.why}`, { timeout: 120_000 }, () => {
  it('are read by a list in the layout of Common Crawl, whatever befalls the requests', async () => {
    const large = record({
      block: response(Buffer.alloc(5_000_000, 'stored '), { 'Content-Type': 'image/png' }),
    })
    const paths = ['crawl-data/T/warc/a.warc.gz', 'crawl-data/T/none.warc.gz', 'crawl-data/T/wat/b.wat.gz']
    const link = { path: 'IMG@/src', url: 'http://img.test/4.jpg', alt: 'Picture 4' }
    await put('mirror/crawl-data/T/all.paths', Buffer.from(paths.join('\n')))
    await put(
      `mirror/${paths[0]}`,
      Buffer.concat([members(pageRecord(1), pageRecord(2)), members(large), members(pageRecord(3))]),
    )
    await put(`mirror/${paths[2]}`, members(wat({ links: [link] })))
    await put('plain.warc', Buffer.concat([pageRecord(1), large, pageRecord(2)]))
    let requests = 0
    proxy.meet(() => {
      requests++
      if (requests % 4 === 1) return { kind: 'cut-answer' }
      return requests % 4 === 2 ? { kind: 'status', status: 503, code: 'SlowDown' } : null
    })
    const list = `s3://${bucket}/mirror/crawl-data/T/all.paths`
    const { images, counters, skipped, cursors } = await told(list)
    expect(images).toEqual(imagesOf(1, 2, 3, 4))
    expect(counters).toMatchObject({ archives: 2, 'record_skipped:not_html': 1, 'record_skipped:absent': 1 })
    expect(skipped).toEqual(['absent@2'])
    proxy.meet(null)
    for (const cursor of cursors) {
      expect(await readerOf(list).check(cursor, calm())).toBe(null)
      const rest = (await told(list, cursor)).images
      expect(rest).toEqual(images.slice(images.length - rest.length))
    }
    // More than one piece of the object is asked for.
    const before = proxy.log.length
    expect((await told(`s3://${bucket}/plain.warc`)).images).toEqual(imagesOf(1, 2))
    expect(proxy.log.length - before).toBe(3)
  })

  it('that are not there, or may not be read, are refused in words that help', async () => {
    expect(await readerOf(`s3://${bucket}/none.warc.gz`).check('', calm())).toEqual({
      kind: 'unreadable',
      message: `s3://${bucket}/none.warc.gz cannot be read: there is no such object`,
    })
    proxy.meet(() => ({ kind: 'status', status: 403, code: 'AccessDenied' }))
    expect(await readerOf(`s3://${bucket}/none.warc.gz`).check('', calm())).toEqual({
      kind: 'unreadable',
      message: expect.stringContaining('access denied (AccessDenied)'),
    })
  })

  it('that are written over while they are read are not mixed', async () => {
    const place = `s3://${bucket}/changing.warc`
    const filler = record({ type: 'other', block: Buffer.alloc(5_000_000, 'x') })
    await put('changing.warc', Buffer.concat([pageRecord(1), filler, pageRecord(2)]))
    const images: string[] = []
    const reading = (async () => {
      for await (const { candidates, cursor } of readerOf(place).steps('', calm())) {
        if (images.length === 0) {
          await put('changing.warc', Buffer.concat([pageRecord(3), filler, pageRecord(4)]))
          expect(await readerOf(place).check(cursor, calm())).toMatchObject({ kind: 'changed' })
        }
        images.push(...candidates.map(({ imageUrl }) => imageUrl))
      }
    })()
    await expect(reading).rejects.toThrow(SourceError)
    expect(images).toEqual(imagesOf(1))
  })
})
