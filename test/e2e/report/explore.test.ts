import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoWeb, loadCatalogue, startDemoWeb } from '../../../src/demo/index.js'
import { openModel } from '../../../src/library/index.js'
import { decodeHalves } from '../../../src/records/index.js'
import { cosineOf } from '../../../src/report/explore/vectors/scan-store.js'
import { chromium, unlessThere } from '../../fixtures/render/chromium.js'
import { openBrowser } from '../../fixtures/report/browser.js'
import { addressOf } from '../../fixtures/report/explorer-process.js'
import { entriesOf, newOut, type Running, start } from '../../fixtures/run/pairmill.js'

const model = resolve(import.meta.dirname, '../../../models/demo-drawings')
const isMissing = !existsSync(join(model, 'vision_model.onnx')) || chromium === null

/** A page whose console stays empty. */
async function openPage(browser: Browser, url: string): Promise<{ page: Page; trouble: string[] }> {
  const page = await (await browser.newContext()).newPage()
  const trouble: string[] = []
  page.on('console', (message) => trouble.push(message.text()))
  page.on('pageerror', (error) => trouble.push(error.message))
  await page.goto(url)
  return { page, trouble }
}

describe.skipIf(isMissing)(`an explorer of a demo${unlessThere}`, { timeout: 600_000 }, () => {
  const stop = new AbortController()
  let web: DemoWeb
  let out: string
  let run: Running
  let browser: Browser

  beforeAll(async () => {
    browser = await openBrowser()
    web = await startDemoWeb(
      { port: 0, seed: 'explored', styles: ['noto', 'twemoji', 'openmoji'], picturesPerHost: 260 },
      stop.signal,
    )
    out = newOut()
    const options = { '--out': out, '--model': model, '--connect-to': web.connectTo, '--batch-size': '64' }
    run = start([
      ...['run', ...web.seeds, ...Object.entries(options).flat()],
      ...['--allow-private', '127.0.0.0/8', '--delay-ms', '20', '--image-delay-ms', '0', '--render', 'never'],
    ])
    await run.said('running')
  }, 300_000)
  afterAll(async () => {
    stop.abort()
    await browser?.close()
  })

  it('follows the run while it goes on, and takes up its shards', async () => {
    const explorer = start(['explore', out, '--port', '0'])
    const url = await addressOf(explorer)
    const { page, trouble } = await openPage(browser, `${url}#/live`)
    await page.locator('.live-funnel').waitFor()
    // Pictures of a batch that is judged stand there before any shard is written.
    await page.locator('img[src*="newest-picture"]').first().waitFor({ timeout: 300_000 })
    expect(
      await page.evaluate('document.querySelector(\'img[src*="newest-picture"]\').naturalWidth > 0'),
    ).toBe(true)
    await expect.poll(() => page.locator('h2', { hasText: 'Busiest hosts' }).count()).toBe(1)
    const { code, stderr } = await run.ended
    expect(code, stderr).toBe(0)
    await page.getByText('done').first().waitFor({ timeout: 60_000 })
    await page.getByRole('link', { name: 'Pairs' }).click()
    await page.locator('.pairs img').first().waitFor({ timeout: 60_000 })
    expect(trouble).toEqual([])
    explorer.child.kill('SIGTERM')
    expect((await explorer.ended).code).toBe(143)
  })

  it('finds 50 subjects by their names as often as an exact comparison says', async () => {
    await run.ended
    const explorer = start(['explore', out, '--port', '0'])
    const url = await addressOf(explorer)
    const { page } = await openPage(browser, url)
    const pairs = await storedPairs(out)
    const catalogue = await loadCatalogue(stop.signal)
    const shown = catalogue.subjects.filter(({ id }) => pairs.some(({ subject }) => subject === id))
    const subjects = shown.filter((_, i) => i % Math.floor(shown.length / 50) === 0).slice(0, 50)
    expect(subjects).toHaveLength(50)
    const clip = await openModel(model, { threads: 1 })
    const vectors = await clip.embedTexts(subjects.map(({ name }) => name))
    await clip.close()
    let [exact, found] = [0, 0]
    for (const [i, { id, name }] of subjects.entries()) {
      const query = vectors[i] ?? new Float32Array()
      const nearest = pairs
        .map(({ subject, vector }) => ({ subject, cosine: cosineOf(query, vector) }))
        .sort((a, b) => b.cosine - a.cosine)
        .slice(0, 10)
      if (nearest.some(({ subject }) => subject === id)) exact++
      await page.getByLabel('Text').fill(name)
      const answered = page.waitForResponse((response) => response.url().includes('/api/search'))
      await page.keyboard.press('Enter')
      const answer = (await (await answered).json()) as {
        found: { pair: { key: string } }[]
      }
      await page.locator('.pairs .tile').first().waitFor()
      const keys = new Set(answer.found.slice(0, 10).map(({ pair }) => pair.key))
      if (pairs.some(({ key, subject }) => subject === id && keys.has(key))) found++
    }
    console.log(
      `of 50 subjects ${found} are among the first ten of a search, ${exact} of an exact comparison`,
    )
    expect(found).toBeGreaterThanOrEqual(exact)
    explorer.child.kill('SIGINT')
    expect((await explorer.ended).code).toBe(130)
  })

  it('is refused where nothing is, or the port is taken', async () => {
    expect(await start(['explore', newOut()]).ended).toMatchObject({ code: 1 })
    const first = start(['explore', out, '--port', '0'])
    const { port } = new URL(await addressOf(first))
    const second = await start(['explore', out, '--port', port]).ended
    expect(second.code).toBe(1)
    expect(second.stderr).toContain(`cannot listen on 127.0.0.1, port ${port}`)
    first.child.kill('SIGTERM')
    await first.ended
  })
})

interface StoredVector {
  readonly key: string
  /** Drawn on its picture, by the name of its file; '' = none is. */
  readonly subject: string
  readonly vector: Float32Array
}

/** Every kept pair of a dataset with its embedding, as the files say it. */
async function storedPairs(dir: string): Promise<StoredVector[]> {
  const { readParquet } = await import('../../../src/shard/parquet-reader.js')
  const pairs: StoredVector[] = []
  for (const { shard, samples, files } of await entriesOf(dir)) {
    const npy = files.find(({ name }) => name.startsWith('img_emb/'))
    const parquet = files.find(({ name }) => /^\d+\.parquet$/.test(name))
    if (shard === null || npy === undefined || parquet === undefined) continue
    const bytes = await readFile(join(dir, npy.name))
    const start = 10 + bytes.readUInt16LE(8)
    const width = (bytes.length - start) / samples
    for await (const { key, url } of readParquet(join(dir, parquet.name), ['key', 'url'])) {
      if (key === null) continue
      const at = start + pairsIn(pairs, String(key)) * width
      const [, subject = ''] = /\/([\w-]+)-\d+\.\w+$/.exec(String(url)) ?? []
      pairs.push({ key: String(key), subject, vector: decodeHalves(bytes.subarray(at, at + width)) })
    }
  }
  return pairs
}

/** Pairs of the same shard that are there already. */
const pairsIn = (pairs: readonly StoredVector[], key: string): number =>
  pairs.filter((one) => one.key.slice(0, 5) === key.slice(0, 5)).length
