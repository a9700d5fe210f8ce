import { readFile, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ReportData, reportDocument } from '../../../src/report/index.js'
import { chromium, unlessThere } from '../../fixtures/render/chromium.js'
import { openBrowser, openFile } from '../../fixtures/report/browser.js'
import {
  datasetIn,
  mixedPages,
  mixedRows,
  openFolder,
  pageRow,
  shownReport,
} from '../../fixtures/report/datasets.js'
import { hostileTexts, hostileUrl } from '../../fixtures/report/hostile.js'
import { keptRow, picture, picturedRow, rejectedRow, sha256 } from '../../fixtures/shard/dataset-fixture.js'

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds wrong, in words; nothing is left out. */
async function found(page: Page): Promise<string[]> {
  await page.evaluate(axeSource)
  return await page.evaluate<
    string[]
  >(`axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 200) + ' ' + failureSummary)))`)
}

/** Pixels by which the page is wider than the window. */
const overflowOf = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')

/** Traces that a hostile text leaves in a page where it is more than text. */
const traces = `({
  mark: 'hostile' in globalThis,
  scripts: document.scripts.length,
  frames: document.querySelectorAll('iframe, object, embed, video, base, meta[http-equiv=refresh]').length,
  handlers: [...document.querySelectorAll('*')].filter((element) =>
    element.getAttributeNames().some((name) => name.startsWith('on'))).length,
  links: [...document.querySelectorAll('a')]
    .filter((link) => !link.getAttribute('href').startsWith('#'))
    .filter((link) => !/^https?:/.test(link.href) || link.rel !== 'noreferrer noopener').length,
  isolated: [...document.querySelectorAll('.tile .caption')].every((text) => text.querySelector('bdi') !== null),
  steering: /[\\u202a-\\u202e\\u2066-\\u2069\\u200e\\u200f\\u001b\\u0000]/.test(document.body.innerText),
})`

describe.skipIf(chromium === null)(`the page of a report${unlessThere}`, { timeout: 180_000 }, () => {
  let folder: Awaited<ReturnType<typeof openFolder>>
  let browser: Browser
  let report: ReportData
  let file: string

  beforeAll(async () => {
    folder = await openFolder()
    browser = await openBrowser()
    const info = { threshold: 0.2, options: { minSide: 200, seeds: ['https://page.example/'] } }
    const store = await datasetIn(join(folder.dir, 'mixed'), await mixedRows(300), mixedPages, info)
    report = await shownReport(store)
    file = join(folder.dir, 'report.html')
    await writeFile(file, await reportDocument(report))
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await folder?.remove()
  })

  it('opens from disk without a network, asks for nothing and complains of nothing', async () => {
    const { page, trouble, requests } = await openFile(browser, file)
    expect(await page.locator('.headline').textContent()).toContain('300 pairs')
    for (const summary of await page.locator('details.reason summary').all()) await summary.click()
    await expect.poll(() => page.locator('.gallery img').count()).toBeGreaterThan(50)
    const broken = await page.evaluate(
      '[...document.images].filter((image) => image.complete && image.naturalWidth === 0).length',
    )
    expect(broken).toBe(0)
    expect({ trouble, requests }).toEqual({ trouble: [], requests: [] })
    await page.context().close()
  })

  it('says at each notch of the slider what its data say', async () => {
    const { page } = await openFile(browser, file)
    const slider = page.getByLabel('Threshold', { exact: true })
    const [all] = report.scores
    await slider.focus()
    await page.keyboard.press('Home')
    for (const { at, keeps, above, below } of all?.notches ?? []) {
      const edge = (at / 100).toFixed(2)
      await expect.poll(() => page.locator('.slider output').textContent()).toBe(edge)
      expect(await page.locator('.verdict b.kept').getAttribute('data-keeps')).toBe(String(keeps))
      expect(await page.locator('.command code').textContent()).toContain(`clip_score >= ${edge}`)
      expect(await page.getByLabel(`Pairs just above ${edge}`).locator('li').count()).toBe(above.length)
      expect(await page.getByLabel(`Pairs just below ${edge}`).locator('li').count()).toBe(below.length)
      await page.keyboard.press('ArrowRight')
    }
    await page.getByLabel('Pairs', { exact: true }).selectOption({ label: 'Language de (60)' })
    const command = page.locator('.command code')
    await expect.poll(() => command.textContent()).toContain("language = '\\''de'\\''")
    await page.context().close()
  })

  it.each([
    { width: 1280, scheme: 'light' },
    { width: 1280, scheme: 'dark' },
    { width: 360, scheme: 'light' },
    { width: 360, scheme: 'dark' },
  ] as const)('is found to be accessible by axe, $width pixels wide and $scheme', async (look) => {
    const { page } = await openFile(browser, file, look)
    for (const summary of await page.locator('details.reason summary').all()) await summary.click()
    for (const hint of await page.locator('.hint button').all()) await hint.click()
    expect(await found(page)).toEqual([])
    await page.locator('#kept .tile').first().click()
    expect(await found(page)).toEqual([])
    expect(await overflowOf(page)).toBeLessThanOrEqual(0)
    await page.context().close()
  })

  it('is used by the keyboard alone', async () => {
    const { page } = await openFile(browser, file)
    const focused = () =>
      page.evaluate<string>("document.activeElement?.tagName + ' ' + document.activeElement?.className")
    const tabTo = async (wanted: string) => {
      for (let presses = 0; presses < 400 && !(await focused()).startsWith(wanted); presses++)
        await page.keyboard.press('Tab')
      expect(await focused()).toContain(wanted)
    }
    await tabTo('SUMMARY')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('details.reason[open]').count()).toBe(1)
    await tabTo('BUTTON tile')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('dialog[open]').count()).toBe(1)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('dialog[open]').count()).toBe(0)
    await expect.poll(focused).toContain('BUTTON tile')
    await tabTo('INPUT')
    const before = await page.locator('.slider output').textContent()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => page.locator('.slider output').textContent()).not.toBe(before)
    await page.context().close()
  })

  it('does nothing that captions, addresses, hosts and file names of strangers say', async () => {
    expect(hostileTexts.length).toBeGreaterThanOrEqual(59)
    const image = await picture(1)
    const rows = await Promise.all(
      hostileTexts.flatMap((text, n) => [
        keptRow(n, image, {
          ...{
            caption: text,
            url: hostileUrl(n),
            pageUrl: n % 2 === 0 ? text : hostileUrl(n, `h${n}.example`),
          },
          ...{ language: text.slice(0, 50), clipScore: 0.2 + n / 200 },
          captions: [{ source: 'alt' as const, text, score: 0.2 + n / 200 }],
        }),
        (async () => {
          const { row } = await picturedRow(1_000 + n)
          return { row: { ...row, caption: text, url: text, detail: text, licenceUrl: text }, image: null }
        })(),
        (() => {
          const { row } = rejectedRow(2_000 + n, 'duplicate_near')
          return {
            row: { ...row, caption: text, url: text, duplicateOf: sha256(`source ${n}`) },
            image: null,
          }
        })(),
      ]),
    )
    const pages = hostileTexts.map((text, n) =>
      pageRow(n, {
        ...{ url: `${text} ${n}`, host: `${text} ${n}`, outcome: 'refused', reason: text, candidates: null },
        permission: { rule: text, value: text, source: text, checkedAt: '2024-05-01T10:00:00.000Z' },
      }),
    )
    const options = Object.fromEntries(hostileTexts.map((text, n) => [`${text.slice(0, 100)} ${n}`, text]))
    const store = await datasetIn(join(folder.dir, 'hostile'), rows, pages, {
      run: hostileTexts[0] ?? '',
      options,
    })
    const hostile = await shownReport(store, hostileTexts[13])
    const path = join(folder.dir, 'hostile.html')
    await writeFile(path, await reportDocument(hostile))
    const { page, trouble, requests } = await openFile(browser, path)
    for (const summary of await page.locator('details.reason summary').all()) await summary.click()
    const select = page.getByLabel('Pairs', { exact: true })
    for (const value of await select.locator('option').all()) {
      await select.selectOption((await value.getAttribute('value')) ?? '')
    }
    for (const tile of (await page.locator('.tile').all()).slice(0, 80)) {
      await tile.dispatchEvent('mouseover')
      await tile.dispatchEvent('click')
      await page.keyboard.press('Escape')
    }
    expect(await page.evaluate(traces)).toEqual({
      ...{ mark: false, scripts: 2, frames: 0, handlers: 0, links: 0 },
      ...{ isolated: true, steering: false },
    })
    expect(await overflowOf(page)).toBeLessThanOrEqual(0)
    expect({ trouble, requests }).toEqual({ trouble: [], requests: [] })
    expect((await stat(path)).size).toBeLessThan(5_000_000)
    await page.context().close()
  })

  it('is small and soon there with ten thousand pairs', async () => {
    const store = await datasetIn(join(folder.dir, 'many'), await mixedRows(10_000, 200), mixedPages)
    const path = join(folder.dir, 'many.html')
    await writeFile(path, await reportDocument(await shownReport(store)))
    expect((await stat(path)).size).toBeLessThan(15_000_000)
    const { page, trouble, readyMs } = await openFile(browser, path)
    expect(trouble).toEqual([])
    const taskMs = await page.evaluate<number>(
      "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd",
    )
    console.log(
      `${((await stat(path)).size / 1e6).toFixed(1)} MB; shown after ${readyMs.toFixed(0)} ms, of which ${taskMs.toFixed(0)} ms until its script had run`,
    )
    await page.getByLabel('Threshold', { exact: true }).press('ArrowRight')
    expect(await page.locator('.headline').textContent()).toContain('10,000 pairs')
    await page.context().close()
  })
})
