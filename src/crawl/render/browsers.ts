import { messageOf } from '../../records/index.js'
import { type LaunchOptions, launchBrowser, type RunningBrowser } from './browser.js'
import type { RenderFailure } from './render-page.js'

interface BrowserLimits {
  /** A browser is replaced after so many pages. */
  readonly pages: number
  /** And, between two pages, when it holds more than this. */
  readonly maxBytes: number
  /** One that holds more than this is ended at once, with its pages. */
  readonly fatalBytes: number
}

/** One browser, and what is known of its use. */
export interface Seat {
  readonly running: RunningBrowser
  pages: number
  active: number
  /** When a page last came or went, by performance.now(). */
  usedAt: number
  retired: boolean
  /** Why it was ended; null = it was not. */
  ended: RenderFailure | null
}

/** Carries out the start of a browser, which takes seconds. */
export type Starting = <T>(start: () => Promise<T>) => Promise<T>

const launchMs = 30_000
/** A browser that did not come up is not tried again for so long. */
const retryLaunchMs = 60_000
/** Between two looks at the memory of browsers. */
const watchMs = 2_000
/** A browser that nobody needs for so long is let go: pages that need one are rare on most sites. */
const idleMs = 60_000

/** The browsers of this process: one at a time takes pages, others finish what they have. */
export class Browsers {
  readonly #what: Omit<LaunchOptions, 'deadlineMs'>
  readonly #limits: BrowserLimits
  readonly #onTrouble: (message: string) => void
  readonly #starting: Starting
  readonly #seats = new Set<Seat>()
  readonly #watch: NodeJS.Timeout
  #opening: Promise<Seat | { readonly message: string }> | null = null
  #failedAt = Number.NEGATIVE_INFINITY
  #failure = ''
  #closed = false

  constructor(
    what: Omit<LaunchOptions, 'deadlineMs'>,
    limits: BrowserLimits,
    onTrouble: (message: string) => void,
    starting: Starting = (start) => start(),
  ) {
    this.#what = what
    this.#limits = limits
    this.#onTrouble = onTrouble
    this.#starting = starting
    this.#watch = setInterval(() => this.#look(), watchMs)
    this.#watch.unref()
  }

  get pids(): readonly number[] {
    return [...this.#seats].map((seat) => seat.running.pid)
  }

  /** The browser that takes pages, started where there is none; why none comes up. */
  async seat(): Promise<Seat | { readonly message: string }> {
    for (const seat of this.#seats) if (!seat.retired) return seat
    if (performance.now() - this.#failedAt < retryLaunchMs) return { message: this.#failure }
    this.#opening ??= this.#starting(() => this.#launch())
      .catch((error: unknown) => {
        this.#failedAt = performance.now()
        this.#failure = firstLines(error)
        const what = `${this.#what.executable} did not start: ${this.#failure}`
        this.#onTrouble(`no page is rendered for a minute: ${what}`)
        return { message: this.#failure }
      })
      .finally(() => {
        this.#opening = null
      })
    return await this.#opening
  }

  /** Does the work of one page in a browser, which has had its share of pages at some time. */
  async visit<T>(seat: Seat, work: () => Promise<T>): Promise<T> {
    seat.active++
    seat.usedAt = performance.now()
    seat.pages++
    try {
      return await work()
    } finally {
      seat.active--
      seat.usedAt = performance.now()
      if (seat.retired || seat.pages >= this.#limits.pages) this.#retire(seat)
    }
  }

  /** Ends a browser. `why`: what the pages failed with that it still has; null = it has none. */
  async end(seat: Seat, why: RenderFailure | null): Promise<void> {
    seat.retired = true
    seat.ended ??= why
    await seat.running.kill()
    this.#seats.delete(seat)
  }

  /** Ends all of them; resolves when no process is left. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#watch)
    await this.#opening
    await Promise.all([...this.#seats].map((seat) => this.end(seat, 'cancelled')))
  }

  async #launch(): Promise<Seat> {
    const running = await launchBrowser({ ...this.#what, deadlineMs: launchMs })
    const usedAt = performance.now()
    const seat: Seat = { running, pages: 0, active: 0, usedAt, retired: this.#closed, ended: null }
    this.#seats.add(seat)
    running.browser.on('disconnected', () => void this.end(seat, 'browser'))
    if (this.#closed) await this.end(seat, null)
    return seat
  }

  /** Between two pages a browser is let go; in the middle of one it has to be out of all bounds. */
  #retire(seat: Seat): void {
    seat.retired = true
    if (seat.active === 0) void this.end(seat, null)
  }

  #look(): void {
    for (const seat of this.#seats) {
      const bytes = seat.running.memoryBytes() ?? 0
      if (bytes > this.#limits.fatalBytes) void this.end(seat, 'memory')
      else if (bytes > this.#limits.maxBytes || performance.now() - seat.usedAt > idleMs) this.#retire(seat)
    }
  }
}

/** First lines of an error: Playwright's messages go on for pages. */
function firstLines(error: unknown): string {
  const text = messageOf(error)
  return text.split('\n', 2).join(' ').slice(0, 300)
}
