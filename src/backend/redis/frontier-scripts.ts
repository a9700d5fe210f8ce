import { randomBytes } from 'node:crypto'
import { ReplyError } from 'ioredis'
import type { Backend, Found, Offer, SessionCommit, SessionCommitted } from '../backend.js'
import { packPages } from '../page-chunk.js'
import { packFound } from '../reject-chunk.js'
import { candidateNumber, captionHash, urlNumber } from './hash.js'
import { countersOf, flag, listOf, textsOf, wholeMs } from './replies.js'
import type { CallScript, ScriptArgument } from './scripts.js'
import { doubtsOf, leasedUrlOf, urlBody } from './url-record.js'

/**
 * No script is handed more: while one runs, nobody else is answered, and each is to take a few milliseconds at most. A host costs as much
 * as a few of its URLs.
 */
const offerCostAtOnce = 400
const hostCost = 3
export const candidatesAtOnce = 100

function offerArguments(offers: readonly Offer[]): ScriptArgument[] {
  const places = new Map<string, number>()
  const urls = offers.flatMap((offer) => {
    const place = places.get(offer.host) ?? places.size + 1
    places.set(offer.host, place)
    return [urlNumber(offer.url), place, offer.depth, urlBody(offer)]
  })
  return [...listOf([...places.keys()]), offers.length, ...urls]
}

/** `host`: most of their pages and images are on it. */
export function candidateArguments(host: string, candidates: readonly Found[]): ScriptArgument[] {
  const { head, found } = packFound(host, candidates)
  return [
    found.length,
    head,
    ...found.flatMap(({ key, texts, ...one }) => {
      const hashes = new Map(texts.map((text) => [text.toLowerCase(), captionHash(text)]))
      const record = 'line' in one ? ['', one.line] : [one.host, JSON.stringify(one.body)]
      return [candidateNumber(key), ...record, ...listOf([...hashes.values()])]
    }),
  ]
}

/** Cuts offers into what one script is handed each; there is always a first one. */
function offerSlices(offers: readonly Offer[]): Offer[][] {
  let slice: Offer[] = []
  const all = [slice]
  let hosts = new Set<string>()
  for (const offer of offers) {
    const cost = slice.length + 1 + (hosts.size + (hosts.has(offer.host) ? 0 : 1)) * hostCost
    if (cost > offerCostAtOnce) {
      slice = []
      all.push(slice)
      hosts = new Set()
    }
    slice.push(offer)
    hosts.add(offer.host)
  }
  return all
}

export const slices = <T>(values: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size))

/** Words for what has nothing to do with what a script was handed: the server is full, away, or not the one to write to; the run is gone. */
const troubleWords =
  /\b(?:OOM|READONLY|MASTERDOWN|LOADING|MISCONF|BUSY|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|NOAUTH|NOPERM|WRONGPASS|NOSCRIPT|UNKILLABLE)\b|there is no run/

function isTrouble(error: unknown): boolean {
  return !(error instanceof ReplyError) || troubleWords.test(String(error))
}

function commitArguments(
  commit: SessionCommit,
  offers: readonly Offer[],
  candidates: readonly Found[],
): ScriptArgument[] {
  return [
    commit.run,
    commit.host,
    commit.token,
    randomBytes(6).toString('base64'),
    flag(commit.partial),
    commit.pages,
    wholeMs(commit.delayMs),
    commit.reservedMs,
    commit.lastFetchAgoMs === null ? '' : wholeMs(commit.lastFetchAgoMs),
    wholeMs(commit.pauseMs),
    wholeMs(commit.throttleMs),
    commit.health,
    commit.maxFailures,
    wholeMs(commit.maxFailingMs),
    commit.batchSize,
    wholeMs(commit.batchAgeMs),
    commit.perHost,
    commit.decided.length,
    commit.decided.length === 0 ? '' : packPages(commit.host, commit.decided),
    JSON.stringify(commit.unreachable),
    commit.drainedAs,
    ...[commit.rendered.signed, commit.rendered.plain].flatMap(({ renders, paid }) => [renders, paid]),
    ...listOf(commit.done),
    commit.retry.length,
    ...commit.retry.flatMap(({ id, delayMs, refused = false }) => [id, wholeMs(delayMs), flag(refused)]),
    ...listOf(commit.back),
    ...offerArguments(offers),
    ...candidateArguments(commit.host, candidates),
    ...countersOf(commit.counters),
  ]
}

/** Adds what is more than one commit should carry; null = the lease is lost. */
async function addAhead(
  call: CallScript,
  { run, host, token }: SessionCommit,
  offers: readonly (readonly Offer[])[],
  candidates: readonly (readonly Found[])[],
): Promise<string[] | null> {
  const woken: string[] = []
  const found = [
    ...offers.map((some) => [...offerArguments(some), ...candidateArguments(host, [])]),
    ...candidates.map((some) => [...offerArguments([]), ...candidateArguments(host, some)]),
  ]
  for (const some of found) {
    const added = await call('add_found', [run, host, token, ...some])
    if (added === null) return null
    woken.push(...textsOf(added).slice(1))
  }
  return woken
}

async function commitSession(call: CallScript, commit: SessionCommit): Promise<SessionCommitted> {
  const [offers = [], ...offersAhead] = offerSlices(commit.offers)
  const [candidates = [], ...candidatesAhead] = slices(commit.candidates, candidatesAtOnce)
  let woken: string[] | null
  try {
    woken = await addAhead(call, commit, offersAhead, candidatesAhead)
  } catch (error) {
    // No URL is acknowledged yet. The script that does it is handed little, and has begun to write where it fails.
    if (isTrouble(error)) throw error
    return { kind: 'refused', detail: String(error) }
  }
  if (woken === null) return { kind: 'lost' }
  const reply = await call('commit_session', commitArguments(commit, offers, candidates))
  const [kind, moreInMs, crawlWaits, wokenNow, ...named] = textsOf(reply)
  if (kind === 'lost') return { kind }
  return {
    kind: 'committed',
    hosts: [...new Set([...woken, ...named.slice(0, Number(wokenNow))])],
    batches: named.slice(Number(wokenNow)),
    moreInMs: moreInMs === '' ? null : Number(moreInMs),
    crawlWaits: crawlWaits === '1',
  }
}

/** Slices of offers under way at once. */
const offersInFlight = 8

/** URLs, sessions and politeness. */
export function frontierScripts(call: CallScript) {
  return {
    offer: async (run, urls, seeds) => {
      const woken: string[] = []
      const all = offerSlices(urls)
      const last = all.pop() ?? []
      for (const some of slices(all, offersInFlight)) {
        const added = await Promise.all(
          some.map((slice) => call('offer', [run, flag(false), ...offerArguments(slice)])),
        )
        for (const hosts of added) for (const host of textsOf(hosts)) woken.push(host)
      }
      // The run is seeded when it has all of them.
      woken.push(...textsOf(await call('offer', [run, flag(seeds), ...offerArguments(last)])))
      return woken
    },
    leaseHost: async ({ run, host, token, max, delayMs, windowMs, leaseMs, groups, perGroup }) => {
      const times = [wholeMs(delayMs), wholeMs(windowMs), wholeMs(leaseMs)]
      const wish = [run, host, token, max, ...times, perGroup, ...listOf(groups)]
      const [kind, ...rest] = textsOf(await call('lease_host', wish))
      if (kind === 'busy' || kind === 'not_yet') return { kind, inMs: Number(rest[0]) }
      if (kind !== 'urls') return { kind: 'none' }
      const doubts = doubtsOf(rest[4] ?? '')
      const urls = rest.slice(5).map((record) => leasedUrlOf(record, host, doubts))
      const [signedRenders = 0, signedPaid = 0, plainRenders = 0, plainPaid = 0] = (rest[3] ?? '')
        .split(' ')
        .map(Number)
      return {
        kind,
        urls: urls.toSorted((a, b) => a.depth - b.depth || a.id - b.id),
        delayMs: Number(rest[0]),
        failures: Number(rest[1]),
        reservedMs: Number(rest[2]),
        rendered: {
          signed: { renders: signedRenders, paid: signedPaid },
          plain: { renders: plainRenders, paid: plainPaid },
        },
      }
    },
    commitSession: (commit) => commitSession(call, commit),
    reserve: async ({ slots, perGroup, delayMs, windowMs, guardMs }) => {
      const reply = await call('reserve', [
        wholeMs(delayMs),
        wholeMs(windowMs),
        wholeMs(guardMs),
        perGroup,
        slots.length,
        ...slots.flatMap(({ host, want, groups }) => [host, want, ...listOf(groups)]),
      ])
      const numbers = textsOf(reply).map(Number)
      return slots.map(({ host }, i) => {
        const [granted = 0, inMs = 0, gapMs = 0, failures = 0, crowded] = numbers.slice(i * 5, i * 5 + 5)
        const slot = { host, granted, inMs, delayMs: gapMs, failures }
        return crowded === 1 ? { ...slot, crowded: true } : slot
      })
    },
  } satisfies Partial<Backend>
}
