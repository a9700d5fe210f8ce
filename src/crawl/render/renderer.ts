import { sharedOnAbort } from '../../net/index.js'
import { messageOf } from '../../records/index.js'
import { launchBrowser, type RunningBrowser } from './browser.js'
import { createGuardCertificate, type GuardCertificate } from './certificate.js'
import type { GuardRules } from './guard.js'
import {
  defaultRenderLimits,
  noReport,
  type RenderFailure,
  type RenderJob,
  type RenderLimits,
  type RenderOutcome,
  renderPage,
} from './render-page.js'

export interface RendererOptions {
  readonly executable: string
  readonly sandbox: boolean
  /** Pages rendered at once. Default 2. */
  readonly atOnce?: number
  /** A browser is replaced after so many pages. Default 100. */
  readonly pagesPerBrowser?: number
  /** And, between two pages, when it holds more than this. Default 1 GiB. */
  readonly maxBytes?: number
  /** One that holds more than this is ended at once, with its pages. Default 2 GiB. */
  readonly fatalBytes?: number
  readonly limits?: RenderLimits
  /** One line for people: a browser did not come up. */
  readonly onTrouble: (message: string) => void
}

export interface Renderer {
  /** One page; waits for its turn as long as `waitMs`. Never rejects. */
  render(
    job: RenderJob,
    rules: Pick<GuardRules, 'dial' | 'ask'>,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<RenderOutcome>
  /** Starts a browser now; why none comes up, or null. */
  warmUp(): Promise<string | null>
  /** The first process of every browser that runs. */
  pids(): readonly number[]
  /** Ends all browsers; resolves when no process is left. */
  close(): Promise<void>
}

const launchMs = 30_000
/** A browser that did not come up is not tried again for so long. */
const retryLaunchMs = 60_000
/** Between two looks at the memory of browsers. */
const watchMs = 2_000
/** A browser that nobody needs for so long is let go: pages that need one are rare on most sites. */
const idleMs = 60_000
const mebibyte = 1024 * 1024

interface Seat {
  readonly running: RunningBrowser
  pages: number
  active: number
  /** When a page last came or went, by performance.now(). */
  usedAt: number
  retired: boolean
  /** Why it was ended; null = it was not. */
  ended: RenderFailure | null
}

/** The browsers of this process: one at a time takes pages, others finish what they have. Started by the first page. */
export function createRenderer(options: RendererOptions): Renderer {
  const atOnce = options.atOnce ?? 2
  const pagesPerBrowser = options.pagesPerBrowser ?? 100
  const maxBytes = options.maxBytes ?? 1024 * mebibyte
  const fatalBytes = options.fatalBytes ?? 2048 * mebibyte
  const limits = options.limits ?? defaultRenderLimits
  const certificate: GuardCertificate = createGuardCertificate(new Date())
  const seats = new Set<Seat>()
  const onAbort = sharedOnAbort()
  const waiting: ((isFree: boolean) => void)[] = []
  let running = 0
  let opening: Promise<Seat | { readonly message: string }> | null = null
  let failedAt = Number.NEGATIVE_INFINITY
  let failure = ''
  let closed = false

  /** `why`: what the pages failed with that it still has; null = it has none. */
  const end = async (seat: Seat, why: RenderFailure | null): Promise<void> => {
    seat.retired = true
    seat.ended ??= why
    await seat.running.kill()
    seats.delete(seat)
  }
  const launch = async (): Promise<Seat> => {
    const { executable, sandbox } = options
    const { keyHash } = certificate
    const started = await launchBrowser({ executable, sandbox, keyHash, deadlineMs: launchMs })
    const seat: Seat = {
      running: started,
      pages: 0,
      active: 0,
      usedAt: performance.now(),
      retired: closed,
      ended: null,
    }
    seats.add(seat)
    started.browser.on('disconnected', () => void end(seat, 'browser'))
    if (closed) await end(seat, null)
    return seat
  }
  const seatOf = async (): Promise<Seat | { readonly message: string }> => {
    for (const seat of seats) if (!seat.retired) return seat
    if (performance.now() - failedAt < retryLaunchMs) return { message: failure }
    opening ??= launch()
      .catch((error: unknown) => {
        failedAt = performance.now()
        failure = firstLines(error)
        const what = `${options.executable} did not start: ${failure}`
        options.onTrouble(`no page is rendered for a minute: ${what}`)
        return { message: failure }
      })
      .finally(() => {
        opening = null
      })
    return await opening
  }
  /** Between two pages a browser is let go; in the middle of one it has to be out of all bounds. */
  const retire = (seat: Seat): void => {
    seat.retired = true
    if (seat.active === 0) void end(seat, null)
  }
  const watch = setInterval(() => {
    for (const seat of seats) {
      const bytes = seat.running.memoryBytes() ?? 0
      if (bytes > fatalBytes) void end(seat, 'memory')
      else if (bytes > maxBytes || performance.now() - seat.usedAt > idleMs) retire(seat)
    }
  }, watchMs)
  watch.unref()

  const takePlace = async (waitMs: number, signal: AbortSignal): Promise<boolean> => {
    if (running < atOnce) {
      running++
      return true
    }
    return new Promise<boolean>((resolve) => {
      const done = (isFree: boolean): void => {
        clearTimeout(timer)
        deafen()
        const at = waiting.indexOf(done)
        if (at >= 0) waiting.splice(at, 1)
        resolve(isFree)
      }
      const giveUp = () => done(false)
      const timer = setTimeout(giveUp, waitMs)
      const deafen = onAbort(signal, giveUp)
      waiting.push(done)
    })
  }
  const leavePlace = (): void => {
    // Handed on directly, so that nobody slips in between.
    const next = waiting.shift()
    if (next === undefined) running--
    else next(true)
  }
  const failed = (reason: RenderFailure, detail: string): RenderOutcome => ({
    kind: 'failed',
    reason,
    detail,
    report: noReport,
  })

  const renderIn = async (
    seat: Seat,
    job: RenderJob,
    rules: Pick<GuardRules, 'dial' | 'ask'>,
    signal: AbortSignal,
  ) => {
    seat.active++
    seat.usedAt = performance.now()
    seat.pages++
    try {
      const { browser } = seat.running
      const { outcome, isHung } = await renderPage(browser, certificate, job, rules, limits, signal)
      if (isHung) await end(seat, 'timeout')
      if (outcome.kind !== 'failed' || outcome.reason !== 'browser') return outcome
      // Not before its last process is gone: the next page may start another browser.
      await end(seat, 'browser')
      return { ...outcome, reason: seat.ended ?? outcome.reason }
    } finally {
      seat.active--
      seat.usedAt = performance.now()
      if (seat.retired || seat.pages >= pagesPerBrowser) retire(seat)
    }
  }

  return {
    render: async (job, rules, waitMs, signal) => {
      if (closed || signal.aborted) return failed('cancelled', 'rendering ends')
      if (!(await takePlace(waitMs, signal))) {
        return signal.aborted
          ? failed('cancelled', 'the signal was aborted')
          : failed('busy', 'no browser was free')
      }
      try {
        const seat = await seatOf()
        return 'message' in seat ? failed('launch', seat.message) : await renderIn(seat, job, rules, signal)
      } finally {
        leavePlace()
      }
    },
    warmUp: async () => {
      const seat = await seatOf()
      return 'message' in seat ? seat.message : null
    },
    pids: () => [...seats].map((seat) => seat.running.pid),
    close: async () => {
      closed = true
      clearInterval(watch)
      for (const give of waiting.splice(0)) give(false)
      await opening
      await Promise.all([...seats].map((seat) => end(seat, 'cancelled')))
    },
  }
}

/** First lines of an error: Playwright's messages go on for pages. */
function firstLines(error: unknown): string {
  const text = messageOf(error)
  return text.split('\n', 2).join(' ').slice(0, 300)
}
