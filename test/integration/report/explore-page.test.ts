import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Figures, type ReportData, readPageParts } from '../../../src/report/index.js'
import { executePlan, folderStore, type PartRow } from '../../../src/shard/index.js'
import { chromium, unlessThere } from '../../fixtures/render/chromium.js'
import { axeFinds } from '../../fixtures/report/axe.js'
import { openBrowser } from '../../fixtures/report/browser.js'
import { shownReport } from '../../fixtures/report/datasets.js'
import { pointing, servedExplorer } from '../../fixtures/report/explorer.js'
import { hostileTexts, hostileUrl } from '../../fixtures/report/hostile.js'
import {
  calm,
  keptRow,
  picture,
  picturedRow,
  planOfRows,
  rejectedRow,
  tempFolder,
} from '../../fixtures/shard/dataset-fixture.js'

const live = {
  ...{ run: hostileTexts[0] ?? '', state: 'running', isGoingOn: true, elapsedMs: 61_000 },
  ...{ updatedAt: '2026-01-01T00:00:00.000Z', note: hostileTexts[1] ?? null },
  rates: [{ name: 'pages', perSecond: 4.2 }],
  funnel: [{ name: 'pages', count: 12, share: null }],
  reasons: [{ reason: 'http_4xx', count: 3, meaning: 'it is gone' }],
  waits: [hostileTexts[2] ?? ''],
  hosts: hostileTexts.map((host) => ({
    ...{ host: host.slice(0, 5_000), waiting: 1, pages: 2, nextInMs: 0, delayMs: 500, failures: 1 },
    rendered: null,
    ...{ state: 'resting', robots: host.slice(0, 500) },
  })),
  workers: [
    {
      worker: hostileTexts[3] ?? '',
      places: 'crawl 2',
      active: 1,
      agoMs: 500,
      problem: hostileTexts[4] ?? '',
    },
  ],
}

/** A dataset in which every text is hostile: a pair and a rejected row of each, and a group of near duplicates. */
async function hostileSet() {
  const store = folderStore(await tempFolder())
  const rows: PartRow[] = []
  for (const [n, text] of hostileTexts.entries()) {
    const caption = text.trim() === '' ? 'nothing' : text
    const texts = {
      ...{ caption, captions: [{ source: 'alt' as const, text: caption, score: 0.3 }] },
      ...{ url: hostileUrl(n), pageUrl: hostileUrl(n, 'pages.example'), licenceUrl: text.slice(0, 500) },
      permission: {
        rule: text.slice(0, 400),
        value: text.slice(0, 400),
        checkedAt: '2024-05-01T00:00:00.000Z',
      },
    }
    rows.push(keptRow(n, await picture(n), { ...texts, embeddings: pointing(n) }))
    const { row } = n % 2 === 0 ? await picturedRow(1_000 + n) : rejectedRow(1_000 + n)
    rows.push({ row: { ...row, ...texts, detail: text.slice(0, 400) }, image: null })
  }
  const winner = rows[0]?.row.sha256 ?? null
  const { row } = rejectedRow(5_000, 'duplicate_near')
  rows.push({ row: { ...row, caption: hostileTexts[0] ?? '', duplicateOf: winner }, image: null })
  await executePlan({ store }, await planOfRows(store, [rows], { shardSize: 100, shards: 1 }), () => {}, calm)
  return store
}

/** Traces that a hostile text leaves in a page where it is more than text. */
const traces = `({
  mark: 'hostile' in globalThis,
  scripts: document.scripts.length,
  frames: document.querySelectorAll('iframe, object, embed, video, base, meta[http-equiv=refresh], style ~ style').length,
  handlers: [...document.querySelectorAll('*')].filter((element) =>
    element.getAttributeNames().some((name) => name.startsWith('on'))).length,
  links: [...document.querySelectorAll('a')]
    .filter((link) => !link.getAttribute('href').startsWith('#'))
    .filter((link) => !/^https?:/.test(link.href) || link.rel !== 'noreferrer noopener').length,
  steering: /[\\u202a-\\u202e\\u2066-\\u2069\\u200e\\u200f\\u001b\\u0000]/.test(document.body.innerText),
})`

const harmless = { mark: false, scripts: 2, frames: 0, handlers: 0, links: 0, steering: false }

const views: readonly (readonly [view: string, shows: string])[] = [
  ['search?text=10', '.pairs img'],
  ['pairs', '.pairs img'],
  ['rejected', '.rows li'],
  ['duplicates', '.duplicates li'],
  ['selection', 'h1'],
  ['live', '.live-funnel li'],
  ['figures', 'nav.contents'],
]

describe.skipIf(chromium === null)(`the page of an explorer${unlessThere}`, { timeout: 240_000 }, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  }, 60_000)
  afterAll(() => browser?.close())

  const open = async (url: string, width = 1280, scheme: 'light' | 'dark' = 'light') => {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme })
    const page = await context.newPage()
    const trouble: string[] = []
    page.on('console', (message) => trouble.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => trouble.push(error.message))
    page.on('dialog', (dialog) => dialog.dismiss().then(() => trouble.push('a dialog')))
    page.on('popup', () => trouble.push('a pop-up'))
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) trouble.push(request.url())
    })
    return { page, trouble }
  }
  const show = async (page: Page, url: string, [view, shows]: (typeof views)[number]) => {
    await page.goto(`${url}#/${view}`)
    await page.locator(shows).first().waitFor()
  }

  it('shows hostile texts as texts, in every view, and asks nobody but its server', async () => {
    const store = await hostileSet()
    const { url } = await servedExplorer(store, { live: async () => live }, await readPageParts())
    const { page, trouble } = await open(url)
    for (const view of views) {
      await show(page, url, view)
      expect(await page.evaluate(traces), view[0]).toEqual(harmless)
    }
    await show(page, url, ['pairs', '.pairs img'])
    await page.locator('.tile').first().click()
    for (let step = 0; step < 30; step++) {
      await page.locator('dialog dl dd').first().waitFor()
      expect(await page.evaluate(traces)).toEqual(harmless)
      await page.keyboard.press('ArrowRight')
    }
    expect(trouble).toEqual([])
    await page.context().close()
  })

  it.each([
    [1280, 'light'],
    [390, 'dark'],
  ] as const)('gives axe nothing to find at a width of %i, %s, and needs no more', async (width, scheme) => {
    const store = await hostileSet()
    const { url } = await servedExplorer(store, { live: async () => live }, await readPageParts())
    const { page } = await open(url, width, scheme)
    for (const view of views) {
      await show(page, url, view)
      expect(await axeFinds(page), view[0]).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), view[0]).toBe(0)
    }
    await show(page, url, ['pairs', '.pairs img'])
    await page.locator('.tile').first().click()
    await page.locator('dialog dl dd').first().waitFor()
    expect(await axeFinds(page)).toEqual([])
    await page.context().close()
  })

  it('is used by the keyboard: search, select, save', async () => {
    const store = await hostileSet()
    const { url } = await servedExplorer(store, {}, await readPageParts())
    const { page } = await open(url)
    await page.goto(url)
    await page.getByLabel('Text').fill('20')
    await page.keyboard.press('Enter')
    const first = page.locator('.pick input').first()
    await first.focus()
    await page.keyboard.press('Space')
    expect(await first.isChecked()).toBe(true)
    await page.getByRole('link', { name: 'Selection' }).click()
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save uids.txt' }).click()
    const stream = await (await saved).createReadStream()
    let text = ''
    for await (const chunk of stream) text += chunk
    expect(text).toMatch(/^[0-9a-f]{32}\n$/)
    await page.context().close()
  })

  it('tells how far the report is while it is made, and shows it then', async () => {
    const store = folderStore(await tempFolder())
    const rows = [keptRow(1, await picture(1))]
    await executePlan({ store }, await planOfRows(store, [rows]), () => {}, calm)
    let end = (_: ReportData) => {}
    const figures = new Figures({
      standing: () => ({ version: 1, takings: 0 }),
      read: (onStep) => {
        onStep('words')
        return new Promise((ended) => {
          end = ended
        })
      },
    })
    const { url } = await servedExplorer(store, { figures }, await readPageParts())
    const { page, trouble } = await open(url)
    await page.goto(`${url}#/figures`)
    await page.getByText('Counting: words').waitFor()
    expect(await axeFinds(page)).toEqual([])
    end(await shownReport(store))
    await page.locator('nav.contents').waitFor()
    expect(trouble).toEqual([])
    await page.context().close()
  })

  it('tells the words of a wrong condition', async () => {
    const store = await hostileSet()
    const { url } = await servedExplorer(store, {}, await readPageParts())
    const { page } = await open(url)
    await page.goto(`${url}#/pairs`)
    await page.getByRole('textbox', { name: 'Where' }).fill('nothing > 1')
    await page.getByRole('button', { name: 'Filter' }).click()
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toContain('Referenced column "nothing" not found')
    await page.context().close()
  })
})
