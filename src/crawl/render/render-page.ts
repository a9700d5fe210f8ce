import type { Browser, BrowserContext, CDPSession, Frame, Page, Request, Route } from 'playwright'
import { messageOf } from '../../records/index.js'
import { canonicalUrl } from '../url.js'
import type { GuardCertificate } from './certificate.js'
import { type Snapshot, scrollOn, takeSnapshot, unchangedMs } from './dom.js'
import { frameList, worldOf } from './frame-world.js'
import { openGuard } from './guard.js'
import type { GuardReport, GuardRules } from './guard-rules.js'

/** One page to be rendered: fetched, judged and decoded already. */
export interface RenderJob {
  readonly url: string
  readonly html: string
  /** Of the response; a few are given to the browser. */
  readonly headers: Readonly<Record<string, string>>
  readonly userAgent: string
}

/** One document of a rendered page. */
export interface RenderedDocument {
  /** Where it was loaded from; null = a frame without a URL of its own. */
  readonly url: string | null
  readonly snapshot: Snapshot
  /** Of its response; empty where it had none of its own. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Why a render gave nothing:
 * - `launch`: no browser came up
 * - `browser`: it died
 * - `memory`: it was ended for what it held
 * - `crash`: the page's process died, for want of memory mostly
 * - `timeout`: the page, or the browser, never answered
 * - `too_large`: the document is more than is read of any page
 * - `busy`: no browser was free in time
 * - `cancelled`
 */
export const renderFailures = [
  'launch',
  'browser',
  'memory',
  'crash',
  'timeout',
  'too_large',
  'busy',
  'cancelled',
] as const
export type RenderFailure = (typeof renderFailures)[number]

export type RenderOutcome =
  | {
      readonly kind: 'rendered'
      readonly page: RenderedDocument
      readonly frames: readonly RenderedDocument[]
      /** Where a script would have gone from here, canonical; null = nowhere. It did not. */
      readonly movedTo: string | null
      readonly report: GuardReport
    }
  | {
      readonly kind: 'failed'
      readonly reason: RenderFailure
      readonly detail: string
      readonly report: GuardReport
    }

export interface RenderLimits {
  /** The page has so long to build itself and to be scrolled; then it is taken as it is. */
  readonly buildMs: number
  /** For all of it. */
  readonly deadlineMs: number
  readonly maxRequests: number
  readonly maxBytes: number
  /** Of one document, as HTML. */
  readonly maxChars: number
}

export const defaultRenderLimits: RenderLimits = {
  buildMs: 8_000,
  deadlineMs: 15_000,
  maxRequests: 200,
  maxBytes: 20 * 1024 * 1024,
  maxChars: 5 * 1024 * 1024,
}

export const noReport: GuardReport = { requests: new Map(), bytes: 0, refused: {} }

const maxFrames = 20
const maxScrolls = 25
/** Between two looks at a page. */
const lookMs = 60
/** Nothing changed and nothing was asked for in so long: the page is built. */
const quietMs = 300
/** A browser that does not close a page in this time is taken for dead. */
const closeMs = 3_000
/** Headers of the page that decide how its scripts run. */
const passedHeaders = ['content-security-policy', 'referrer-policy'] as const

/** Runs before a page's own scripts: takes away what talks past any proxy, or outlives the page, and opens shadow roots that scripts close. */
const prelude = `
for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel', 'WebTransport', 'SharedWorker'])
  Reflect.deleteProperty(globalThis, name)
const attach = Element.prototype.attachShadow
Element.prototype.attachShadow = function attachShadow(init) {
  return attach.call(this, { ...init, mode: 'open' })
}`

interface PageRendered {
  readonly outcome: RenderOutcome
  /** The browser does not answer for what was opened in it: only its end closes that. */
  readonly isHung: boolean
}

/** Renders one page in a context of its own. Never rejects. `rules`: see GuardRules. */
export async function renderPage(
  browser: Browser,
  certificate: GuardCertificate,
  job: RenderJob,
  rules: Pick<GuardRules, 'dial' | 'ask'>,
  limits: RenderLimits,
  signal: AbortSignal,
): Promise<PageRendered> {
  const url = new URL(job.url).href
  const guard = await openGuard(certificate, {
    ...rules,
    given: { url, headers: givenHeaders(job.headers), body: Buffer.from(job.html) },
    maxRequests: limits.maxRequests,
    maxBytes: limits.maxBytes,
  })
  const timer = AbortSignal.timeout(limits.deadlineMs)
  const crashed = new AbortController()
  const over = AbortSignal.any([signal, timer, crashed.signal])
  const failed = (reason: RenderFailure, detail: string): RenderOutcome => ({
    kind: 'failed',
    reason,
    detail,
    report: guard.report(),
  })
  let context: BrowserContext | null = null
  let outcome: RenderOutcome
  try {
    context = await within(
      browser.newContext({ ...contextOptions, proxy: proxyOf(guard.address), userAgent: job.userAgent }),
      over,
    )
    const scene = await within(openScene(context, crashed), over)
    const documents = await within(build(scene, url, guard.quietMs, limits, over), over)
    outcome = documents.page.snapshot.isCut
      ? failed('too_large', `more than ${limits.maxChars} characters`)
      : { kind: 'rendered', ...documents, movedTo: scene.movedTo(), report: guard.report() }
  } catch (error) {
    const detail = messageOf(error)
    if (signal.aborted) outcome = failed('cancelled', 'the signal was aborted')
    else if (!browser.isConnected()) outcome = failed('browser', 'the browser is gone')
    else if (crashed.signal.aborted) outcome = failed('crash', 'the process of the page died')
    else if (timer.aborted) outcome = failed('timeout', `no answer within ${limits.deadlineMs} ms`)
    else outcome = failed('crash', detail)
  }
  // First, so that nothing the page still wants goes out while it is closed.
  await guard.close()
  if (!browser.isConnected()) return { outcome, isHung: false }
  return { outcome, isHung: context === null ? timer.aborted : !(await closes(context)) }
}

const contextOptions = {
  viewport: { width: 1280, height: 1024 },
  serviceWorkers: 'block',
  acceptDownloads: false,
  reducedMotion: 'reduce',
} as const

/** Without the second part a page's own 127.0.0.1 would pass by the proxy. */
const proxyOf = (server: string) => ({ server, bypass: '<-loopback>' })

interface Scene {
  readonly context: BrowserContext
  readonly page: Page
  readonly session: CDPSession
  movedTo(): string | null
  /** Of the document that came from there. */
  headersOf(url: string): Readonly<Record<string, string>>
}

async function openScene(context: BrowserContext, crashed: AbortController): Promise<Scene> {
  await context.addInitScript(prelude)
  const page = await context.newPage()
  let hasBegun = false
  let movedTo: string | null = null
  const judge = (request: Request): 'continue' | 'abort' => {
    if (leftAlone.has(request.resourceType())) return 'abort'
    if (!request.isNavigationRequest()) return 'continue'
    const frame = frameOf(request)
    // Of a window that opens beside the page, and is closed again.
    if (frame === null || frame.page() !== page) return 'abort'
    if (frame !== page.mainFrame()) return 'continue'
    if (!hasBegun) {
      hasBegun = true
      return 'continue'
    }
    movedTo ??= canonicalUrl(request.url())
    return 'abort'
  }
  await context.route('**/*', async (route: Route) => {
    // Rejects where the page is closed meanwhile.
    await route[judge(route.request())]().catch(() => undefined)
  })
  const headers = new Map<string, Record<string, string>>()
  page.on('response', (response) => {
    if (response.request().isNavigationRequest()) headers.set(response.url(), response.headers())
  })
  page.on('crash', () => crashed.abort())
  context.on('page', (other) => void other.close().catch(() => undefined))
  const session = await context.newCDPSession(page)
  return { context, page, session, movedTo: () => movedTo, headersOf: (url) => headers.get(url) ?? {} }
}

/** null = it has none yet. */
function frameOf(request: Request): Frame | null {
  try {
    return request.frame()
  } catch {
    return null
  }
}

/** Resource types that the image stage fetches, or nobody. */
const leftAlone: ReadonlySet<string> = new Set(['image', 'media', 'font'])

async function build(
  scene: Scene,
  url: string,
  networkQuietMs: () => number,
  limits: RenderLimits,
  over: AbortSignal,
): Promise<{ readonly page: RenderedDocument; readonly frames: readonly RenderedDocument[] }> {
  const { page, session } = scene
  const until = performance.now() + limits.buildMs
  const isTime = () => !over.aborted && performance.now() < until
  // A script that never comes holds the page up, and does not make it less of one.
  await page.goto(url, { waitUntil: 'domcontentloaded', timeout: limits.buildMs }).catch(() => undefined)
  const world = await worldOf(session)
  const settle = async (): Promise<void> => {
    while (isTime()) {
      const unchanged = Number(await world(unchangedMs))
      if (unchanged >= quietMs && networkQuietMs() >= quietMs) return
      await new Promise((resolve) => setTimeout(resolve, lookMs))
    }
  }
  await settle()
  for (let i = 0; i < maxScrolls && isTime(); i++) {
    const moved = await world(scrollOn)
    if (moved !== true && i > 0) break
    await new Promise((resolve) => setTimeout(resolve, lookMs))
    if (moved !== true || i % 5 === 4) await settle()
  }
  await settle()
  const snapshot = (await world(takeSnapshot, limits.maxChars)) as Snapshot
  const frames = await framesOf(scene, limits)
  return { page: { url, snapshot, headers: {} }, frames }
}

/** The documents of the frames, in no order that matters; one that does not answer is left out. */
async function framesOf(scene: Scene, limits: RenderLimits): Promise<readonly RenderedDocument[]> {
  const sessions = [scene.session]
  for (const frame of scene.page.frames().slice(1, 1 + maxFrames)) {
    // Frames of other sites have processes of their own, and sessions; the others come with the page's, and have none.
    const own = await scene.context.newCDPSession(frame).catch(() => null)
    if (own !== null) sessions.push(own)
  }
  const frames: RenderedDocument[] = []
  for (const session of sessions) {
    for (const { id, url, isTop } of await frameList(session)) {
      if ((isTop && session === scene.session) || frames.length >= maxFrames) continue
      const world = await worldOf(session, id).catch(() => null)
      const snapshot = (await world?.(takeSnapshot, limits.maxChars).catch(() => null)) as Snapshot | null
      if (snapshot === null || snapshot.isCut) continue
      const isOwn = /^https?:/.test(url)
      frames.push({ url: isOwn ? url : null, snapshot, headers: isOwn ? scene.headersOf(url) : {} })
    }
  }
  return frames
}

/** The value, unless the time is over first: then whatever comes of it is nobody's any more. */
async function within<T>(work: Promise<T>, over: AbortSignal): Promise<T> {
  work.catch(() => undefined)
  over.throwIfAborted()
  let interrupt = () => {}
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(over.reason)
    over.addEventListener('abort', interrupt, { once: true })
  })
  try {
    return await Promise.race([work, interrupted])
  } finally {
    over.removeEventListener('abort', interrupt)
  }
}

/** Whether the browser closes what it opened for a page in its time. */
async function closes(context: BrowserContext): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), closeMs)
  })
  const closed = context.close().then(
    () => true,
    () => true,
  )
  return Promise.race([closed, late]).finally(() => clearTimeout(timer))
}

function givenHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const given: Record<string, string> = { 'content-type': 'text/html; charset=utf-8' }
  for (const name of passedHeaders) {
    const value = headers[name]
    if (value !== undefined) given[name] = value
  }
  return given
}
