import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attemptsOf, type Ended, newOut, pagesOf, pairmill } from '../../fixtures/run/pairmill.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

/** Images that one page names in its structured data: as many as 5 MB hold. */
const images = 440_000
const most = 2_000
const perScript = 20_000

describe('a run over a page that names hundreds of thousands of images', { timeout: 180_000 }, () => {
  let web: TestWeb
  let out: string
  let ended: Ended

  beforeAll(async () => {
    web = await startTestWeb()
    const scripts = Array.from({ length: images / perScript }, (_, s) => {
      const image = Array.from({ length: perScript }, (_, i) => `/${(s * perScript + i).toString(36)}`)
      // Too short a name for a caption: none of them is downloaded.
      return `<script type="application/ld+json">${JSON.stringify({ name: 'x', image })}</script>`
    })
    web.serve('flood.test/', `<!doctype html><title>Flood</title><a href="/next">on</a>${scripts.join('')}`)
    web.serve('flood.test/next', '<!doctype html><title>Next</title><p>nothing</p>')
    out = newOut()
    const options = ['--model', 'none', '--delay-ms', '0', '--render', 'never', '--batch-size', '500']
    ended = await pairmill(['run', 'http://flood.test/', '--out', out, ...options, ...web.words])
  }, 180_000)
  afterAll(() => web.close())

  it('fetches it once, and is done', async () => {
    expect(ended.code).toBe(0)
    expect(ended.stderr).not.toContain('trouble')
    expect(web.seenAt('flood.test').filter(({ path }) => path === '/')).toHaveLength(1)
    const rows = await pagesOf(out)
    expect(rows.map(({ url, outcome, candidates }) => [url, outcome, candidates])).toEqual(
      expect.arrayContaining([
        ['http://flood.test/', 'read', most],
        ['http://flood.test/next', 'read', 0],
      ]),
    )
    expect(rows).toHaveLength(2)
  })

  it('takes the first 2,000, and says how many it did not take', async () => {
    const urls = (await attemptsOf(out)).map(({ url }) => Number.parseInt(url.split('/').at(-1) ?? '', 36))
    expect(urls.toSorted((a, b) => a - b)).toEqual(Array.from({ length: most }, (_, i) => i))
    expect(ended.stdout).toMatch(/page_full {2}438,000 .*more than are taken of one page/)
  })
})
