#!/usr/bin/env node
/**
 * Photographs a report for these pages:
 *
 *   node examples/report-pictures.js report.html docs/pictures
 *
 * It needs a Chromium. `npm run build` comes first.
 */
import { join, resolve } from 'node:path'
import { env } from 'node:process'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright'
import sharp from 'sharp'
import { locateBrowser } from '../dist/crawl/render/find-browser.js'

const [report, folder] = process.argv.slice(2)
if (report === undefined || folder === undefined) {
  console.error('usage: node examples/report-pictures.js REPORT.html FOLDER')
  process.exit(2)
}
const executablePath = await locateBrowser({ path: env.PATH ?? '', named: null })
if (executablePath === null) {
  console.error('no Chromium was found')
  process.exit(1)
}
const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 })
const page = await browser.newPage({ viewport: { width: 1120, height: 1390 }, reducedMotion: 'reduce' })
await page.goto(pathToFileURL(resolve(report)).href)
await photograph('report.webp')
await page.evaluate("location.hash = '#threshold'")
await photograph('report-threshold.webp')
await browser.close()

/** What stands in the window. */
async function photograph(name) {
  await sharp(await page.screenshot())
    .webp({ quality: 80 })
    .toFile(join(folder, name))
}
