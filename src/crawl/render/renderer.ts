import { Browsers, type Seat, type Starting } from './browsers.js'
import { createGuardCertificate, type GuardCertificate } from './certificate.js'
import type { GuardRules } from './guard-rules.js'
import { Places } from './places.js'
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
  /** Is given the start of each browser, to carry it out; absent = nobody wants to see it. */
  readonly starting?: Starting
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

const mebibyte = 1024 * 1024

/** Renders pages in the browsers of this process, which the first page starts. */
export function createRenderer(options: RendererOptions): Renderer {
  const { executable, sandbox } = options
  const certificate: GuardCertificate = createGuardCertificate(new Date())
  const bounds = {
    pages: options.pagesPerBrowser ?? 100,
    maxBytes: options.maxBytes ?? 1024 * mebibyte,
    fatalBytes: options.fatalBytes ?? 2048 * mebibyte,
  }
  const what = { executable, sandbox, keyHash: certificate.keyHash }
  const browsers = new Browsers(what, bounds, options.onTrouble, options.starting)
  const places = new Places(options.atOnce ?? 2)
  const limits = options.limits ?? defaultRenderLimits
  let closed = false

  const renderIn = async (
    seat: Seat,
    job: RenderJob,
    rules: Pick<GuardRules, 'dial' | 'ask'>,
    signal: AbortSignal,
  ): Promise<RenderOutcome> => {
    const { browser } = seat.running
    const { outcome, isHung } = await renderPage(browser, certificate, job, rules, limits, signal)
    if (isHung) await browsers.end(seat, 'timeout')
    if (outcome.kind !== 'failed' || outcome.reason !== 'browser') return outcome
    // Not before its last process is gone: the next page may start another browser.
    await browsers.end(seat, 'browser')
    return { ...outcome, reason: seat.ended ?? outcome.reason }
  }

  return {
    render: async (job, rules, waitMs, signal) => {
      if (closed || signal.aborted) return failed('cancelled', 'rendering ends')
      if (!(await places.take(waitMs, signal))) {
        return signal.aborted
          ? failed('cancelled', 'the signal was aborted')
          : failed('busy', 'no browser was free')
      }
      try {
        const seat = await browsers.seat()
        if ('message' in seat) return failed('launch', seat.message)
        return await browsers.visit(seat, () => renderIn(seat, job, rules, signal))
      } finally {
        places.leave()
      }
    },
    warmUp: async () => {
      const seat = await browsers.seat()
      return 'message' in seat ? seat.message : null
    },
    pids: () => browsers.pids,
    close: async () => {
      closed = true
      places.sendAway()
      await browsers.close()
    },
  }
}

function failed(reason: RenderFailure, detail: string): RenderOutcome {
  return { kind: 'failed', reason, detail, report: noReport }
}
