import type { Dial } from '../../net/index.js'

/**
 * Why a request of a browser was not carried out:
 * - `robots`, `opt_out`: the site forbids it
 * - `unreachable`: it cannot be known whether the site forbids it
 * - `put_off`: its host is to be left alone for now
 * - `address`: what it names is not public
 * - `method`: it would do more than read
 * - `picture`: images are fetched by another stage, fonts and media by none
 * - `socket`: a WebSocket, which has no end
 * - `requests`, `bytes`: one page has had its share
 * - `bad_url`: nothing that can be asked for
 */
export const guardRefusals = [
  'robots',
  'opt_out',
  'unreachable',
  'put_off',
  'address',
  'method',
  'picture',
  'socket',
  'requests',
  'bytes',
  'bad_url',
] as const
export type GuardRefusal = (typeof guardRefusals)[number]

/** Whether a URL (http or https, canonical or not) may be asked for. */
export type Ask = (url: string) => Promise<'allowed' | GuardRefusal>

export interface GuardRules {
  readonly dial: Dial
  readonly ask: Ask
  /** Answer for one URL without asking anybody: the page itself, which was fetched already. */
  readonly given: {
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: Buffer
  }
  readonly maxRequests: number
  /** Of all bodies on their way, compressed as they are. */
  readonly maxBytes: number
}

export interface GuardReport {
  /** Requests that went out, by host (as URLs write it, with its port). */
  readonly requests: ReadonlyMap<string, number>
  readonly bytes: number
  readonly refused: Readonly<Partial<Record<GuardRefusal, number>>>
}
