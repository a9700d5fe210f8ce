#!/usr/bin/env node
/**
 * Photographs a view of an explorer for these pages, while pairmill explore runs:
 *
 *   node examples/explorer-pictures.js 'http://127.0.0.1:7878/#/search?text=penguin' docs/pictures/explore-search.webp
 *   node examples/explorer-pictures.js 'http://127.0.0.1:7878/#/live' docs/pictures/explore-live.webp
 *
 * It needs a Chromium. `npm run build` comes first.
 */
import { env } from 'node:process'
import { chromium } from 'playwright'
import sharp from 'sharp'
import { locateBrowser } from '../dist/crawl/render/find-browser.js'

const [address, file] = process.argv.slice(2)
if (address === undefined || file === undefined) {
  console.error('usage: node examples/explorer-pictures.js ADDRESS FILE.webp')
  process.exit(2)
}
const executablePath = await locateBrowser({ path: env.PATH ?? '', named: null })
if (executablePath === null) {
  console.error('no Chromium was found')
  process.exit(1)
}
const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 })
const page = await browser.newPage({ viewport: { width: 1120, height: 1000 }, reducedMotion: 'reduce' })
await page.goto(address)
// Of a run that goes on until there are pictures of it.
await page.locator('.gallery img').first().waitFor({ timeout: 300_000 })
await page.waitForLoadState('networkidle').catch(() => {})
await page.waitForTimeout(2_500)
await sharp(await page.screenshot())
  .webp({ quality: 80 })
  .toFile(file)
await browser.close()
