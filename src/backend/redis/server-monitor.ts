import {
  type Refusal,
  refusalOf,
  type ServerLook,
  type ServerMemory,
  type ServerState,
  stateAfter,
  stateText,
} from './server-state.js'

/** Change of the server's state, as listeners are told it. */
interface ServerChange {
  readonly state: ServerState
  readonly text: string
}

const firstRedialMs = 100
const longestRedialMs = 5_000

/**
 * The server's state as this process knows it: fed by every answer that refuses a write, whichever connection it came on, and by
 * looks every few seconds.
 */
export class ServerMonitor {
  readonly #ask: () => Promise<ServerLook | null>
  readonly #listeners: ((change: ServerChange) => void)[] = []
  #state: ServerState = { kind: 'ok' }
  #memory: ServerMemory | null = null
  #told: ServerState['kind'] = 'ok'
  #looking: Promise<void> | null = null
  /** Aborted while the server takes no writes; a new one when it takes them again. */
  #resting = new AbortController()
  #redials = 0

  /** `ask` looks at the server; null = it did not answer in time. */
  constructor(ask: () => Promise<ServerLook | null>) {
    this.#ask = ask
  }

  get state(): ServerState {
    return this.#state
  }

  /** As of the last look; null = the server did not say. */
  get memory(): ServerMemory | null {
    return this.#memory
  }

  /** Whether anything new may be begun. While the server is merely away, calls wait for it. */
  get takesWork(): boolean {
    return this.#state.kind === 'ok' || this.#state.kind === 'away'
  }

  /** Aborted at once where nothing new is to be begun, and as soon as that is so. */
  get resting(): AbortSignal {
    return this.#resting.signal
  }

  onChange(listener: (change: ServerChange) => void): void {
    this.#listeners.push(listener)
  }

  /** To be told of every error that the server answered. Answers what it says of the server. */
  met(message: string): Refusal | null {
    const refusal = refusalOf(message)
    if (refusal === null) return null
    if (refusal !== this.#state.kind) {
      this.#become(refusal === 'full' ? { kind: 'full', memory: this.#memory } : { kind: refusal })
      // How full, only a look can tell, and whether it was a late answer of a server that another one has replaced.
      void this.look()
    }
    return refusal
  }

  /** Looks at the server now; while one look goes on there is no second one. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  /** How long to wait before the server is dialled again after it refused a write: longer each time, until it takes one. */
  redialMs(): number {
    if (this.#state.kind === 'ok' || this.#state.kind === 'full') return 0
    return Math.min(firstRedialMs * 2 ** this.#redials++, longestRedialMs)
  }

  async #look(): Promise<void> {
    const seen = await this.#ask()
    if (seen !== null) this.#memory = seen.memory
    this.#become(stateAfter(this.#state, seen))
    this.#tell()
  }

  #become(state: ServerState): void {
    this.#state = state
    if (state.kind === 'ok') this.#redials = 0
    if (!this.takesWork) this.#resting.abort()
    else if (this.#resting.signal.aborted) this.#resting = new AbortController()
  }

  #tell(): void {
    if (this.#told === this.#state.kind) return
    this.#told = this.#state.kind
    const change = { state: this.#state, text: stateText(this.#state) }
    for (const listener of this.#listeners) listener(change)
  }
}
