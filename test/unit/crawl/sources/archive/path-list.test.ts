import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { SourceStep } from '../../../../../src/crawl/index.js'
import { resolvePath } from '../../../../../src/crawl/sources/archive/path-list.js'
import {
  calm,
  filesOf,
  imagesOf,
  readerOf,
  toldBy,
} from '../../../../fixtures/crawl/sources/archive/reader.js'
import { members, pageRecord } from '../../../../fixtures/crawl/sources/archive/warc-writer.js'

describe('a path in a list', () => {
  const at = 'https://h.test/m/crawl-data/CC/warc.paths.gz?x=/y'
  it.each([
    [
      'crawl-data/CC/1.warc.gz',
      '/lists/warc.paths',
      null,
      'https://data.commoncrawl.org/crawl-data/CC/1.warc.gz',
    ],
    ['crawl-data/CC/1.warc.gz', at, null, 'https://h.test/m/crawl-data/CC/1.warc.gz'],
    ['crawl-data/CC/1.warc.gz', 's3://b/crawl-data/CC/w.paths', null, 's3://b/crawl-data/CC/1.warc.gz'],
    ['crawl-data/CC/1.warc.gz', '/mirror/crawl-data/w.paths', null, '/mirror/crawl-data/CC/1.warc.gz'],
    ['crawl-data/CC/1.warc.gz', at, 's3://other/', 's3://other/crawl-data/CC/1.warc.gz'],
    ['1.warc.gz', '/lists/my.paths', null, '/lists/1.warc.gz'],
    ['sub/1.warc.gz', 'https://h.test/lists/my.paths?x=/y', null, 'https://h.test/lists/sub/1.warc.gz'],
    [' https://o.test/1.warc.gz ', at, null, 'https://o.test/1.warc.gz'],
    ['/data/1.warc.gz', '/lists/my.paths', null, '/data/1.warc.gz'],
    // What lies in S3 is read with the user's credentials: who wrote a list may not spend them.
    ['s3://o/1.warc.gz', at, null, null],
    ['s3://o/1.warc.gz', '/lists/my.paths', null, null],
    ['S3://o/1.warc.gz', at, null, null],
    ['s3://o/1.warc.gz', 's3://b/w.paths', null, 's3://o/1.warc.gz'],
    ['s3://o/p/1.warc.gz', at, 's3://o/p/', 's3://o/p/1.warc.gz'],
    ['s3://o/q/1.warc.gz', at, 's3://o/p/', null],
    ['s3://o/p/../q/1.warc.gz', at, 's3://o/p/', null],
    ['s3://other/1.warc.gz', at, 's3://o/', null],
    ['s3://o/1.warc.gz', at, '/mirror/', null],
    // A list from elsewhere names nothing of this machine.
    ['/etc/passwd', at, null, null],
    ['/etc/passwd', at, '/mirror/', null],
    ['/etc/passwd', 's3://b/w.paths', '/mirror/', null],
    ['/mirror/../etc/passwd', at, '/mirror/', null],
    ['/mirror/1.warc.gz', at, '/mirror/', '/mirror/1.warc.gz'],
    ['file:///etc/passwd', at, null, null],
    ['../../etc/passwd', '/lists/my.paths', null, null],
    ['a/../../b', at, null, null],
    ['javascript:1', at, null, null],
    ['', at, null, null],
    ['a\0b', at, null, null],
    ['x'.repeat(5_000), at, null, null],
  ])('%j in %j with the base %j is %j', (line, list, base, place) => {
    expect(resolvePath(line, list, base)).toBe(place)
  })
})

describe('a list of archives', () => {
  const listPlace = '/lists/my.paths.gz'
  const lines = ['a.warc.gz', '', 'none.warc.gz', 'picture.png', '../x', 'b.warc', 'my.paths.gz']
  const openFile = filesOf({
    [listPlace]: gzipSync(lines.join('\r\n')),
    '/lists/a.warc.gz': members(pageRecord(1), pageRecord(2)),
    '/lists/b.warc': Buffer.concat([pageRecord(3), pageRecord(4)]),
    '/lists/picture.png': Buffer.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]),
  })
  const stepsFrom = async (cursor: string): Promise<SourceStep[]> => {
    const steps: SourceStep[] = []
    for await (const step of readerOf(openFile, listPlace).steps(cursor, calm())) steps.push(step)
    return steps
  }

  it('gives its archives one after the other, and names the lines that lead to none', async () => {
    const { images, counters, skipped } = toldBy(await stepsFrom(''))
    expect(images).toEqual(imagesOf(1, 2, 3, 4))
    expect(skipped).toEqual(['absent@3', 'not_warc@4', 'bad_path@5', 'not_warc@7'])
    expect(counters).toMatchObject({ archives: 2, archive_pages: 4, records: 4 })
  })

  it('that names what it may not passes over it, says why, and goes on where it was begun so', async () => {
    const stranger = 'https://h.test/my.paths'
    const paths = ['s3://victim/private.warc.gz', 'http://h.test/b.warc']
    const files = {
      [stranger]: Buffer.from(paths.join('\n')),
      's3://victim/private.warc.gz': members(pageRecord(1)),
      'http://h.test/b.warc': Buffer.concat([pageRecord(3), pageRecord(4)]),
    }
    const reader = readerOf(filesOf(files), stranger)
    const read = async (cursor: string) => {
      expect(await reader.check(cursor, calm())).toBe(null)
      const steps: SourceStep[] = []
      for await (const step of reader.steps(cursor, calm())) steps.push(step)
      return steps
    }
    const steps = await read('')
    expect(toldBy(steps)).toMatchObject({ images: imagesOf(3, 4), skipped: ['bad_path@1'] })
    expect(steps[0]?.skipped[0]?.detail).toBe(
      's3://victim/private.warc.gz: only a list in s3://, or --base s3://..., may name what lies there',
    )
    // An early version may have begun to read it.
    const begun = `0 v${files[stranger]?.length} 120+0 v7`
    expect(toldBy(await read(begun))).toMatchObject({ images: imagesOf(3, 4), skipped: ['bad_path@1'] })
  })

  it('can be read on from behind every step, in the middle of an archive too', async () => {
    const steps = await stepsFrom('')
    for (const [i, { cursor }] of steps.entries()) {
      expect(await readerOf(openFile, listPlace).check(cursor, calm())).toBe(null)
      expect(await stepsFrom(cursor)).toEqual(steps.slice(i + 1))
    }
  })

  it('is refused where it, or the archive that was begun, has become another one', async () => {
    const [{ cursor } = { cursor: '' }] = await stepsFrom('')
    const others = (files: Record<string, Buffer>) =>
      readerOf(filesOf({ [listPlace]: gzipSync(lines.join('\r\n')), ...files }), listPlace)
    expect(await others({ '/lists/a.warc.gz': members(pageRecord(1)) }).check(cursor, calm())).toMatchObject({
      kind: 'changed',
      message: expect.stringContaining('/lists/a.warc.gz is not the archive'),
    })
    expect(await others({ [listPlace]: Buffer.from('b.warc\n') }).check(cursor, calm())).toMatchObject({
      kind: 'changed',
      message: expect.stringContaining(`${listPlace} is not the list of archives`),
    })
    // One that is gone meanwhile is named and passed over.
    expect(await others({}).check(cursor, calm())).toBe(null)
  })
})
