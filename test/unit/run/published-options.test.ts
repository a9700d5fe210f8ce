import { describe, expect, it } from 'vitest'
import { storedOptions } from '../../../src/options/index.js'
import { publishedOptions } from '../../../src/run/published-options.js'
import { runOptions } from '../../fixtures/options/run-options.js'

describe('the options that a dataset names', () => {
  it('hold nothing that lets somebody in, and nothing of where its maker keeps files', () => {
    const columns = { url: 'url', caption: 'caption', page: null, licence: null }
    const published = publishedOptions(
      runOptions({
        out: '/home/alice/out',
        model: '/home/alice/models/my-clip',
        userAgent: 'bot/1 (alice@home.test)',
        seeds: [
          'https://a.test/feed?token=hunter2',
          'https://a.test/feed?token=hunter3',
          'https://a.test/plain',
        ],
        include: ['https://a.test/*?token=hunter2', '/^https:\\/\\/a\\.test\\/\\?key=hunter2$/', '*/art/*'],
        sources: [
          { kind: 'list', path: '/home/alice/lists/pairs.csv.gz', format: 'csv', gzip: true, columns },
          { kind: 'archive', place: '/home/alice/a.warc.gz', base: '/home/alice/mirror/' },
          { kind: 'archive', place: 'https://h.test/cc/wat.paths.gz?sig=hunter2', base: 's3://b/p/' },
        ],
      }),
    )
    expect(JSON.stringify(published)).not.toMatch(/hunter|alice/)
    expect(published).toMatchObject({
      model: 'my-clip',
      seeds: ['https://a.test/feed?token=***', 'https://a.test/plain'],
      include: ['https://a.test/*?token=***', expect.stringContaining('key=***'), '*/art/*'],
      sources: [
        { kind: 'list', path: 'pairs.csv.gz', format: 'csv' },
        { kind: 'archive', place: 'a.warc.gz', base: 'mirror/' },
        { kind: 'archive', place: 'https://h.test/cc/wat.paths.gz?sig=***', base: 's3://b/p/' },
      ],
    })
  })

  it('are all others that decide its result as they are', () => {
    const options = runOptions({ seeds: ['http://a.test/', 'http://b.test/p'] })
    expect(publishedOptions(options)).toEqual(storedOptions(options))
  })
})
