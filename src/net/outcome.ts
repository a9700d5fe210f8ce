/** Request of one exchange. Always a GET; never more than one hop. */
export interface FetchRequest {
  /** Absolute http(s) URL without credentials. A fragment is not sent. */
  readonly url: string
  /** Value of the Accept header. */
  readonly accept: string
  readonly acceptLanguage?: string
  /** Value of the Cookie header; absent = none is sent. */
  readonly cookie?: string
  /** Asks for these bytes alone, the last one included, and for no coding; whether they came is for the head to say (206, RFC 9110 section 14). */
  readonly range?: { readonly first: number; readonly last: number }
  /** Largest body to keep, counted after decompression; a body of exactly this size is kept. */
  readonly maxBytes: number
  /** Time for the whole exchange (name, connection, head, body), in ms of wall clock. */
  readonly deadlineMs: number
  /** Called once with the head of a response that is no redirect; 'stop' ends without reading the body. */
  readonly onHead?: (head: ResponseHead) => 'read' | 'stop'
  /**
   * Called with everything read so far until it answers 'enough' (read on, never called again) or 'stop'
   * (drop the rest). Called for the first chunks and then each time what was read has doubled, so that
   * 'more' stays cheap. A compressed body is decompressed in one piece: it is called once, with the whole.
   * Not called for an empty body.
   */
  readonly onPrefix?: (soFar: Uint8Array) => 'more' | 'enough' | 'stop'
  /**
   * Whether a body, decompressed, is all there by its own marks. Asked where it ended otherwise than its head said (a length that is too
   * large, no last chunk, a coding that breaks off, the deadline): such a body is kept. Absent = none is, but one whose coding ended by itself.
   */
  readonly isWhole?: (head: ResponseHead, body: Uint8Array) => boolean
}

export interface ResponseHead {
  readonly status: number
  /** Lower-case names; repeated fields joined with ', ' (RFC 9110 section 5.3), those of Set-Cookie with line feeds. Values are latin-1. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Why an exchange gave no response:
 * - `bad_url`: not an absolute http(s) URL, or one with credentials
 * - `address_refused`: the host's address is not public and not within allowPrivate
 * - `dns`: the host has no address, or none could be had
 * - `connection`: refused, reset or closed before the head
 * - `tls`: handshake or certificate
 * - `timeout`: the deadline, or the connection's own shorter one
 * - `too_large`: the body is over maxBytes
 * - `body_cut`: the body ended before its end
 * - `encoding`: the body is not what Content-Encoding says
 * - `headers`: the head is malformed or too large
 * - `cancelled`: the signal was aborted, or the client closed
 */
export const fetchFailures = [
  'bad_url',
  'address_refused',
  'dns',
  'connection',
  'tls',
  'timeout',
  'too_large',
  'body_cut',
  'encoding',
  'headers',
  'cancelled',
] as const

export type FetchFailure = (typeof fetchFailures)[number]

export interface FetchFailed {
  readonly kind: 'failed'
  readonly reason: FetchFailure
  /** For people; not part of any contract. */
  readonly detail: string
  /** Trying again cannot help although it may with this reason: there is no such name. */
  readonly lasting?: true
  /** The answer is not as HTTP has it, though a lenient reader may make something of it. */
  readonly unparsed?: true
  /** Beginning of an uncoded body that had come before it was cut or took too long; absent = nothing. */
  readonly partial?: { readonly head: ResponseHead; readonly body: Uint8Array }
}

export type FetchOutcome =
  | {
      readonly kind: 'response'
      readonly head: ResponseHead
      /** May be a view into a larger buffer: copy before transferring. */
      readonly body: Uint8Array
      /** True where onHead or onPrefix stopped it: body then holds what was read. */
      readonly stopped: boolean
    }
  /** 301, 302, 303, 307 or 308 with a usable Location, resolved to an absolute http(s) URL; not followed. */
  | { readonly kind: 'redirect'; readonly head: ResponseHead; readonly location: string }
  | FetchFailed

/** One exchange. Never rejects, except where onHead or onPrefix throws. */
export type Fetch = (request: FetchRequest, signal: AbortSignal) => Promise<FetchOutcome>

export function failed(reason: FetchFailure, detail: string, lasting = false): FetchFailed {
  return lasting ? { kind: 'failed', reason, detail, lasting } : { kind: 'failed', reason, detail }
}
