import type { Backend } from '../../backend/index.js'
import { fetchSiteFile, type RobotsRecord } from '../../crawl/index.js'
import type { Fetch } from '../../net/index.js'

/** Waits for a slot of the host for such a file itself; false = there is none now. */
export type TakeSlot = (host: string) => Promise<boolean>

export interface SiteFileDeps {
  readonly backend: Pick<Backend, 'claimSiteRecord' | 'putSiteRecord' | 'releaseSiteRecord'>
  readonly fetch: Fetch
  readonly now: () => number
}

export interface ReadFile<Rules> {
  readonly kind: 'read'
  readonly record: RobotsRecord
  /** null = the record holds no text. */
  readonly rules: Rules | null
}

/** `busy`: somebody else is fetching it, or there is no slot for it now. */
type SiteFileAnswer<Rules> = ReadFile<Rules> | { readonly kind: 'busy'; readonly inMs: number }

/** `origin` as URL.origin gives it. */
type SiteFile<Rules> = (
  origin: string,
  takeSlot: TakeSlot,
  signal: AbortSignal,
) => Promise<SiteFileAnswer<Rules>>

/** Longer than fetching one can take: five redirects of 15 s. */
export const claimMs = 100_000
/** A file that could not be read is asked for again this soon; the host's own pause grows with its failures. */
const doubtMs = 1_500
/** A file of a host that cannot be reached at all is asked for again this late, so that the host's other URLs need not ask. */
const hopelessMs = 60_000
/** Parsed files kept at hand. */
const maxRemembered = 1_000
/** Length of their texts together, characters: files of 500 KiB are several times that when they are parsed, and usual ones a hundredth. */
const maxRememberedLength = 16 * 1024 * 1024

/**
 * A file in which sites say what they permit, of the hosts that are asked for. One fetch an origin and day over all workers: the record lies in the
 * backend, and who finds none claims the fetch. Parsed rules are kept for the hosts last asked about.
 */
export function createSiteFile<Rules>(
  deps: SiteFileDeps,
  file: {
    /** From the root. */
    readonly path: string
    /** Key of its record in the backend; that of robots.txt is the origin alone. */
    readonly keyOf: (origin: string) => string
    readonly parse: (body: string) => Rules
    /** Delay that the file asks for between two fetches; 0 = none. */
    readonly crawlDelayMs: (rules: Rules | null) => number
  },
): SiteFile<Rules> {
  const remembered = new Map<string, ReadFile<Rules>>()
  let rememberedLength = 0
  const forget = (origin: string) => {
    rememberedLength -= lengthOf(remembered.get(origin))
    remembered.delete(origin)
  }

  const remember = (origin: string, record: RobotsRecord): ReadFile<Rules> => {
    const read = {
      kind: 'read',
      record,
      rules: record.body === null ? null : file.parse(record.body),
    } as const
    forget(origin)
    remembered.set(origin, read)
    rememberedLength += lengthOf(read)
    for (const oldest of remembered.keys()) {
      if (oldest === origin || (remembered.size <= maxRemembered && rememberedLength <= maxRememberedLength))
        break
      forget(oldest)
    }
    return read
  }

  return async (origin, takeSlot, signal) => {
    const known = remembered.get(origin)
    if (known !== undefined && known.record.expiresAtMs > deps.now()) return known
    const key = file.keyOf(origin)
    const answer = await deps.backend.claimSiteRecord(key, claimMs)
    if (answer.kind === 'busy') return answer
    // The record is one that was put below.
    if (answer.kind === 'known') return remember(origin, answer.record as RobotsRecord)
    const { host } = new URL(origin)
    const fetched = (await takeSlot(host)) ? await fetchSiteFile(deps, `${origin}${file.path}`, signal) : null
    // A file that was not fetched, or was given up by us, says nothing about the host: the claim is let go.
    if (fetched === null || signal.aborted) {
      await deps.backend.releaseSiteRecord(key)
      return { kind: 'busy', inMs: 1 }
    }
    const now = deps.now()
    const record =
      fetched.kind === 'forbid_all'
        ? { ...fetched, expiresAtMs: now + (fetched.lasting === undefined ? doubtMs : hopelessMs) }
        : fetched
    const read = remember(origin, record)
    await deps.backend.putSiteRecord({
      key,
      host,
      record,
      detail: record.detail,
      ttlMs: Math.max(record.expiresAtMs - now, 0),
      crawlDelayMs: file.crawlDelayMs(read.rules),
    })
    return read
  }
}

function lengthOf(read: ReadFile<unknown> | undefined): number {
  return read?.record.body?.length ?? 0
}
