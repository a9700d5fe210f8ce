import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Renderer, RendererOptions } from '../../../../src/crawl/render/index.js'
import { processTree } from '../../../../src/crawl/render/processes.js'
import { createNet, type Net } from '../../../../src/net/index.js'
import {
  browserFolder,
  browserProcesses,
  chromium,
  openRenderer,
  patientLimits,
  unlessThere,
} from '../../../fixtures/render/chromium.js'
import { type Mischief, startMischief } from '../../../fixtures/web/mischief.js'

const never = new AbortController().signal
const fine = '<p>text</p><script>document.body.append("built")</script>'
/** Keeps its process busy for ever. */
const busy = '<p>text</p><script>for (;;) {}</script>'
/** Is never built: something is always on its way. */
const waiting = '<p>text</p><script src="/hang"></script>'

describe.skipIf(chromium === null)(`a browser that is lost${unlessThere}`, { timeout: 180_000 }, () => {
  let web: Mischief
  let net: Net
  const opened: Renderer[] = []
  const folder = mkdtempSync(join(tmpdir(), 'pairmill-test-'))
  beforeAll(async () => {
    web = await startMischief()
    const toWeb = { fromHost: '', fromPort: null, toHost: '127.0.0.1', toPort: web.port }
    net = createNet({ userAgent: 'test', connectTo: [toWeb], allowPrivate: ['127.0.0.0/8'] })
  })
  afterEach(async () => {
    for (const renderer of opened.splice(0)) await renderer.close()
    // Whatever was done to the browsers of a test: nothing of them runs on.
    await vi.waitFor(() => expect(browserProcesses()).toEqual([]), 10_000)
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(browserFolder))).toEqual([])
  })
  afterAll(async () => {
    await net.close()
    await web.close()
    rmSync(folder, { recursive: true })
  })

  const open = (options: Partial<RendererOptions> = {}) => {
    const renderer = openRenderer(options)
    opened.push(renderer)
    const render = (html: string, waitMs = 100_000, signal = never) =>
      renderer.render(
        { url: 'http://site.test/', html, headers: {}, userAgent: 'test' },
        { dial: net.dial, ask: async () => 'allowed' },
        waitMs,
        signal,
      )
    return { renderer, render }
  }
  const hasAsked = async (path: string) => {
    while (web.seenOf(path).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    web.seen.length = 0
  }

  it('killed: its page fails, and the next one has another', async () => {
    const { renderer, render } = open()
    const lost = render(waiting)
    await hasAsked('/hang')
    const [pid = 0] = renderer.pids()
    const tree = processTree(pid)
    expect(tree.length).toBeGreaterThan(3)
    process.kill(pid, 'SIGKILL')
    expect(await lost).toMatchObject({ kind: 'failed', reason: 'browser' })
    expect(await render(fine)).toMatchObject({ kind: 'rendered' })
    expect(renderer.pids()).not.toContain(pid)
    expect(processTree(pid)).toEqual([])
  })

  it('stopped, so that it answers nothing: its page fails in time, and it is ended', async () => {
    const { renderer, render } = open({ limits: { ...patientLimits, buildMs: 2_000, deadlineMs: 5_000 } })
    const lost = render(waiting)
    await hasAsked('/hang')
    const [pid = 0] = renderer.pids()
    for (const one of processTree(pid)) process.kill(one, 'SIGSTOP')
    expect(await lost).toMatchObject({ kind: 'failed', reason: 'timeout' })
    expect(processTree(pid)).toEqual([])
    expect(await open().render(fine)).toMatchObject({ kind: 'rendered' })
  })

  it('whose page dies, as for want of memory: the page fails, and the browser goes on', async () => {
    const { renderer, render } = open()
    expect(await render(fine)).toMatchObject({ kind: 'rendered' })
    const [pid = 0] = renderer.pids()
    const earlier = new Set(pagesOf(pid))
    const lost = render(waiting)
    await hasAsked('/hang')
    for (const page of pagesOf(pid)) if (!earlier.has(page)) process.kill(page, 'SIGKILL')
    expect(await lost).toMatchObject({ kind: 'failed', reason: 'crash' })
    expect(await render(fine)).toMatchObject({ kind: 'rendered' })
    expect(renderer.pids()).toEqual([pid])
  })

  it('whose page takes all the memory that it can: the page fails, and the browser goes on', async () => {
    const { renderer, render } = open({ limits: { ...patientLimits, deadlineMs: 20_000 } })
    const hog = `<p>text</p><script>const all = []; for (;;) all.push(new Array(100_000).fill({}).map(() => ({})))</script>`
    const outcome = await render(hog)
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringMatching(/^(crash|timeout)$/) })
    expect(await render(fine)).toMatchObject({ kind: 'rendered' })
    expect(renderer.pids()).toHaveLength(1)
  })

  it('whose page never rests: it fails in time, and the browser goes on', async () => {
    const { renderer, render } = open({ limits: { ...patientLimits, buildMs: 2_000, deadlineMs: 4_000 } })
    expect(await render(busy)).toMatchObject({ kind: 'failed', reason: 'timeout' })
    const [pid = 0] = renderer.pids()
    expect(await open().render(fine)).toMatchObject({ kind: 'rendered' })
    expect(renderer.pids()).toEqual([pid])
  })

  it('whose page waits for ever: it is taken as it is', async () => {
    const { render } = open({ limits: { ...patientLimits, buildMs: 2_000 } })
    const outcome = await render(`<p>text</p><img src="/a.jpg" alt="a cat"><script src="/hang"></script>`)
    expect(outcome).toMatchObject({
      kind: 'rendered',
      page: { snapshot: { html: expect.stringContaining('a cat') } },
    })
  })

  it('whose page is huge: the page fails', async () => {
    const { render } = open({ limits: { ...patientLimits, maxChars: 100_000 } })
    const text = `<p>text</p><script>document.body.append('x'.repeat(1e6))</script>`
    expect(await render(text)).toMatchObject({ kind: 'failed', reason: 'too_large' })
    const elements = `<p>text</p><script>document.body.innerHTML = '<b>x</b>'.repeat(20_000)</script>`
    expect(await render(elements)).toMatchObject({ kind: 'failed', reason: 'too_large' })
  })

  it('that holds too much is ended with its page', async () => {
    const { renderer, render } = open({ fatalBytes: 1 })
    expect(await render(waiting)).toMatchObject({ kind: 'failed', reason: 'memory' })
    expect(renderer.pids()).toEqual([])
  })

  it('is replaced after so many pages, and when it holds more than it should', async () => {
    const byCount = open({ pagesPerBrowser: 2 })
    const pids = new Set<number>()
    for (let i = 0; i < 4; i++) {
      const outcome = byCount.render(i % 2 === 0 ? fine : waiting.replace('/hang', `/page?${i}`))
      await Promise.race([outcome, eventually(() => byCount.renderer.pids().length > 0)])
      for (const pid of byCount.renderer.pids()) pids.add(pid)
      expect(await outcome).toMatchObject({ kind: 'rendered' })
    }
    expect(pids.size).toBe(2)
    await vi.waitFor(() => expect(byCount.renderer.pids()).toEqual([]), 20_000)
    const byMemory = open({ maxBytes: 1 })
    expect(await byMemory.render(fine)).toMatchObject({ kind: 'rendered' })
    await vi.waitFor(() => expect(byMemory.renderer.pids()).toEqual([]), 20_000)
  })

  it('never came up: said once, and not tried again at once', async () => {
    const silent = join(folder, 'silent')
    writeFileSync(silent, '#!/bin/sh\necho no display >&2\nexit 1\n')
    chmodSync(silent, 0o755)
    const troubles: string[] = []
    const { render } = open({ executable: silent, onTrouble: (message) => troubles.push(message) })
    expect(await render(fine)).toMatchObject({ kind: 'failed', reason: 'launch' })
    expect(await render(fine)).toMatchObject({ kind: 'failed', reason: 'launch' })
    expect(troubles).toHaveLength(1)
    expect(troubles[0]).toContain(silent)
  })

  it('is not waited for longer than was said, nor after the end', async () => {
    const { renderer, render } = open({ atOnce: 1 })
    const first = render(waiting)
    await hasAsked('/hang')
    expect(await render(fine, 100)).toMatchObject({ kind: 'failed', reason: 'busy' })
    const stop = new AbortController()
    const second = render(fine, 100_000, stop.signal)
    stop.abort()
    expect(await second).toMatchObject({ kind: 'failed', reason: 'cancelled' })
    const third = render(fine)
    await renderer.close()
    expect([await first, await third].map((outcome) => outcome.kind)).toEqual(['failed', 'failed'])
    expect(await render(fine)).toMatchObject({ kind: 'failed', reason: 'cancelled' })
  })
})

/** The processes of a browser's pages. */
function pagesOf(browser: number): number[] {
  return processTree(browser).filter((pid) => /--type=renderer/.test(commandOf(pid)))
}

/** '' = the process has ended meanwhile. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return ''
    throw error
  }
}

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20))
}
