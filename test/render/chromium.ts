import { readdirSync, readFileSync } from 'node:fs'
import { locateBrowser } from '../../src/crawl/render/find-browser.js'
import { createRenderer, type Renderer, type RendererOptions } from '../../src/crawl/render/index.js'

/** The Chromium of this machine; null = there is none. */
export const chromium = await locateBrowser({ path: process.env.PATH ?? '', named: null })

/** For the titles of tests that need one. */
export const unlessThere =
  chromium === null ? ' (skipped: no Chromium is installed, and it could not be)' : ''

/** Wide, for machines that have other things to do. */
export const patientLimits = {
  buildMs: 20_000,
  deadlineMs: 40_000,
  maxRequests: 200,
  maxBytes: 20 * 1024 * 1024,
  maxChars: 5 * 1024 * 1024,
}

export function openRenderer(options: Partial<RendererOptions> = {}): Renderer {
  return createRenderer({
    executable: chromium ?? '/nowhere',
    sandbox: process.getuid?.() !== 0,
    limits: patientLimits,
    onTrouble: () => undefined,
    ...options,
  })
}

/** The folder in which a browser of this process lives begins so. */
export const browserFolder = `pairmill-browser-${process.pid}-`

/** What runs of all browsers that this process started, whoever its parent is by now: they know themselves by their home. */
export function browserProcesses(folder = browserFolder): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(`/${folder}`))
    .map(Number)
}

/** A process that is dead, or another's, has none. */
function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return ''
  }
}
