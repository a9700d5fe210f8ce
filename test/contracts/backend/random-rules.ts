import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BatchCommitted, Found, Progress } from '../../../src/backend/backend.js'
import { runs } from '../../fixtures/runs.js'
import type { OpenDesk } from './conformance.js'
import { type Desk, decidedPage, type HeldBatch, type HeldRejects, newToken, type Session } from './desk.js'
import { type Act, hostCount, pageCount, type World, worlds } from './world.js'

const shape = { batchSize: 4, batchAgeMs: 3_600_000, perHost: 2 }
const longMs = 600_000

type Held<T> = T & { readonly dies: boolean }

/**
 * Plays a world against the backend, beside a model that knows only what the backend answered: which URLs were offered and done, which
 * candidates came and were ledgered. After each act the backend's sums must be the model's.
 */
function createPlay(desk: Desk, world: World) {
  const { backend, run } = desk
  const offered = new Set<number>()
  const done = new Set<number>()
  const found = new Set<number>()
  const ledgered = new Set<string>()
  const keptContents = new Set<string>()
  let sessions: Held<Session>[] = []
  let batchesHeld: Held<HeldBatch | HeldRejects>[] = []
  let plansHeld: Held<{ plan: number; token: string }>[] = []
  const batchesOpen = new Set<string>()
  const plansOpen = new Set<number>()
  /** The page ledger as a store would have it: URLs by file. */
  const pageFiles = new Map<number, readonly string[]>()
  const pageFilesCommitted = new Set<number>()
  const sums = { kept: 0, unplannedKept: 0, unplannedRows: 0, nextShard: 0 }

  const label = (page: number) => `h${page % hostCount}`
  const pageOf = (url: string) => Number(url.split('/').at(-1))
  const offerOf = (page: number) => desk.urlOf(label(page), page)
  /** The texts of some reject them where they are found. */
  const foundOf = (image: number): Found =>
    image % 5 < 2 ? desk.reject(`img${image % 3}.test`, image) : desk.candidate(`img${image % 3}.test`, image)
  const contentOf = (imageUrl: string) => `${Math.floor(pageOf(imageUrl) / 2)}`.padStart(64, '0')
  const waitingOn = (host: string) =>
    [...offered].filter((page) => !done.has(page) && desk.hostName(label(page)) === host)
  const pick = <T>(from: readonly T[], which: number): T | undefined => from[which % from.length]

  const isHeld = <T extends { dies: boolean }>(held: readonly T[], is: (one: T) => boolean) =>
    held.some((one) => !one.dies && is(one))

  const lease = async (label_: string, max: number, dies: boolean) => {
    const host = desk.hostName(label_)
    const token = newToken()
    const given = await desk.lease(label_, { token, max, leaseMs: dies ? 1 : longMs })
    if (isHeld(sessions, (session) => session.host === host)) {
      expect(given.kind).toBe('busy')
    } else if (given.kind === 'urls') {
      const pages = given.urls.map(({ url }) => pageOf(url))
      expect(new Set(pages).size).toBe(pages.length)
      expect(waitingOn(host)).toEqual(expect.arrayContaining(pages))
      sessions.push({ host, token, urls: given.urls, reservedMs: given.reservedMs, delayMs: 0, dies })
    } else if (given.kind === 'none') {
      expect(waitingOn(host)).toEqual([])
    }
  }

  const commit = async (session: Held<Session>, pattern: readonly number[]) => {
    const fate = (i: number) => pattern[i % pattern.length] ?? 0
    const retry = session.urls.flatMap(({ id }, i) => (fate(i) === 1 ? [{ id, delayMs: 0 }] : []))
    const back = session.urls.flatMap(({ id }, i) => (fate(i) === 2 ? [id] : []))
    const pages = session.urls.flatMap(({ url }, i) => (fate(i) === 1 || fate(i) === 2 ? [] : [pageOf(url)]))
    const links = pages.flatMap((page) => world.pages[page]!.links)
    const images = pages.flatMap((page) => world.pages[page]!.images)
    const before = await desk.progress()
    const put = new Set([...retry.map(({ id }) => id), ...back])
    const committed = await desk.commit(session, {
      retry,
      back,
      decided: session.urls.filter(({ id }) => !put.has(id)).map((url) => decidedPage(url, session.host)),
      offers: links.map(offerOf),
      candidates: images.map(foundOf),
      counters: { pages: pages.length },
      ...shape,
    })
    sessions = sessions.filter((one) => one !== session)
    if (committed.kind !== 'committed') {
      expect([committed.kind, session.dies]).toEqual(['lost', true])
      expect(await desk.progress()).toEqual(before)
      return
    }
    for (const page of pages) {
      expect(done.has(page)).toBe(false)
      done.add(page)
    }
    for (const page of links) offered.add(page)
    for (const image of images) found.add(image)
    for (const batch of committed.batches) batchesOpen.add(batch)
    sessions = sessions.map((one) => (one.host === session.host ? { ...one, dies: true } : one))
  }

  const takeBatch = async (batch: string, dies: boolean) => {
    const token = newToken()
    const given = await desk.takeBatch(batch, { token, leaseMs: dies ? 1 : longMs })
    if (isHeld(batchesHeld, (held) => held.batch === batch)) {
      expect(given.kind).toBe('busy')
    } else if (given.kind === 'batch') {
      for (const { body } of given.candidates) expect(ledgered.has(body.imageUrl)).toBe(false)
      batchesHeld.push({
        batch,
        token,
        candidates: given.candidates,
        starts: given.starts,
        failures: given.failures,
        dies,
      })
    } else if (given.kind === 'rejects') {
      for (const { imageUrl } of given.rejects) expect(ledgered.has(imageUrl)).toBe(false)
      batchesHeld.push({ batch, token, rejects: given.rejects, dies })
    } else if (given.kind === 'split') {
      batchesOpen.delete(batch)
      for (const half of given.batches) batchesOpen.add(half)
    } else {
      expect(given.kind).toBe('busy')
    }
  }

  /** What a batch came to; null = its holder had lost it, and nothing changed. */
  const committedOf = async (held: Held<HeldBatch | HeldRejects>, commit: () => Promise<BatchCommitted>) => {
    const before = await desk.progress()
    const committed = await commit()
    batchesHeld = batchesHeld.filter((one) => one !== held)
    if (committed.kind === 'committed') return committed
    expect([committed.kind, held.dies]).toEqual(['lost', true])
    expect(await desk.progress()).toEqual(before)
    return null
  }

  const ledger = (batch: string, imageUrls: readonly string[], kept: number) => {
    for (const imageUrl of imageUrls) {
      expect(ledgered.has(imageUrl)).toBe(false)
      ledgered.add(imageUrl)
    }
    sums.kept += kept
    sums.unplannedKept += kept
    sums.unplannedRows += imageUrls.length
    batchesOpen.delete(batch)
  }

  const commitBatch = async (held: Held<HeldBatch | HeldRejects>, pattern: readonly number[]) => {
    if ('rejects' in held) {
      const committed = await committedOf(held, () => desk.commitRejects(held))
      if (committed === null) return
      expect(committed).toEqual({ kind: 'committed', kept: 0, losers: [] })
      return ledger(
        held.batch,
        held.rejects.map(({ imageUrl }) => imageUrl),
        0,
      )
    }
    const fate = (i: number) => (held.starts >= 2 ? 0 : (pattern[i % pattern.length] ?? 0))
    const put = held.candidates.filter(({ attempts }, i) => fate(i) === 1 && attempts < 3)
    const rows = held.candidates.filter((candidate) => !put.includes(candidate))
    const kept = rows.flatMap(({ body }, row) =>
      fate(held.candidates.findIndex((one) => one.body === body)) === 0
        ? []
        : [{ row, sha256: contentOf(body.imageUrl), phash: '0'.repeat(16), score: row / 100 }],
    )
    const deferred = put.map(({ id }) => ({ id, delayMs: 0 }))
    const committed = await committedOf(held, () =>
      desk.commitBatch(held, [], { kept, deferred, dedupe: 'exact' }),
    )
    if (committed === null) return
    const lost = new Set(committed.losers.map(({ row }) => row))
    const winners = kept.filter(({ row }) => !lost.has(row))
    expect(winners).toHaveLength(committed.kept)
    for (const { sha256 } of winners) {
      expect(keptContents.has(sha256)).toBe(false)
      keptContents.add(sha256)
    }
    ledger(
      held.batch,
      rows.map(({ body }) => body.imageUrl),
      committed.kept,
    )
  }

  const closeBatches = async (over: { batchAgeMs?: number; dry?: boolean }) => {
    const closed = await backend.closeBatches(run, { ...shape, dry: false, ...over })
    for (const batch of closed) batchesOpen.add(batch)
  }

  const makePlan = async (take: number) => {
    const parts = (await backend.unplannedParts(run, take)).slice(0, take)
    if (parts.length === 0) return
    const kept = parts.reduce((sum, part) => sum + part.kept, 0)
    const shards = Math.ceil(kept / 3)
    const plan = await backend.allotPlan({
      run,
      batches: parts.map(({ batch }) => batch),
      shards,
      shardSize: 3,
    })
    expect(plan).not.toBeNull()
    expect(plansOpen.has(plan!)).toBe(false)
    plansOpen.add(plan!)
    sums.unplannedKept -= kept
    sums.unplannedRows -= parts.reduce((sum, part) => sum + part.rows, 0)
    sums.nextShard += shards
  }

  const takePlan = async (plan: number, dies: boolean) => {
    const token = newToken()
    const given = await backend.leasePlan({ run, plan, token, leaseMs: dies ? 1 : longMs })
    if (isHeld(plansHeld, (held) => held.plan === plan)) expect(given.kind).toBe('busy')
    else if (given.kind === 'plan') plansHeld.push({ plan, token, dies })
    else expect(given.kind).toBe('busy')
  }

  const commitPlan = async (held: Held<{ plan: number; token: string }>) => {
    const committed = await backend.commitPlan({ run, plan: held.plan, token: held.token, counters: {} })
    plansHeld = plansHeld.filter((one) => one !== held)
    if (committed.kind === 'lost') expect(held.dies).toBe(true)
    else expect(plansOpen.delete(held.plan)).toBe(true)
  }

  /** Who writes a file and dies did write it: whoever comes after has to find the same in it. */
  const writePages = async (closing: boolean, dies: boolean) => {
    for (const file of await backend.openPageFiles(run, closing)) {
      const token = newToken()
      const wish = { run, file, token }
      const lease = await backend.leasePageFile({ ...wish, leaseMs: dies ? 1 : longMs, settleMs: 0 })
      if (lease.kind !== 'rows') throw new Error(lease.kind)
      const urls = lease.rows.map(({ url }) => url)
      if (pageFiles.has(file)) expect(urls).toEqual(pageFiles.get(file))
      pageFiles.set(file, urls)
      if (dies) continue
      expect(await backend.commitPageFile(wish)).toBe('committed')
      expect(await backend.commitPageFile(wish)).toBe('lost')
      pageFilesCommitted.add(file)
    }
  }

  const play = async (act: Act): Promise<void> => {
    switch (act.kind) {
      case 'lease':
        return lease(`h${act.host}`, act.max, act.dies)
      case 'commit': {
        const session = pick(sessions, act.which)
        return session && commit(session, act.pattern)
      }
      case 'take batch': {
        const batch = pick([...batchesOpen], act.which)
        return batch === undefined ? undefined : takeBatch(batch, act.dies)
      }
      case 'commit batch': {
        const held = pick(batchesHeld, act.which)
        return held && commitBatch(held, act.pattern)
      }
      case 'close batches':
        return closeBatches(act.old ? { batchAgeMs: 0 } : { dry: true })
      case 'plan':
        return makePlan(act.take)
      case 'take plan': {
        const plan = pick([...plansOpen], act.which)
        return plan === undefined ? undefined : takePlan(plan, act.dies)
      }
      case 'commit plan': {
        const held = pick(plansHeld, act.which)
        return held && commitPlan(held)
      }
      case 'write pages':
        return writePages(act.closing, act.dies)
      case 'restart': {
        await backend.resetLeases()
        const dead = <T>(held: readonly Held<T>[]) => held.map((one) => ({ ...one, dies: true }))
        sessions = dead(sessions)
        batchesHeld = dead(batchesHeld)
        plansHeld = dead(plansHeld)
      }
    }
  }

  /** Healthy workers carry the run to its end; the dead do not come back. */
  const finish = async () => {
    for (const session of sessions) if (!session.dies) await commit(session, [0])
    for (const held of batchesHeld) if (!held.dies) await commitBatch(held, [3])
    for (const held of plansHeld) if (!held.dies) await commitPlan(held)
    sessions = []
    batchesHeld = []
    plansHeld = []
    for (let turn = 0; turn < 500; turn++) {
      for (const host of await backend.waitingHosts(run, 10)) await lease(host.split('.')[0]!, 50, false)
      for (const session of sessions) await commit(session, [0])
      await closeBatches({})
      for (const batch of await backend.openBatches(run, 10)) await takeBatch(batch, false)
      for (const held of batchesHeld) await commitBatch(held, [3])
      await makePlan(2)
      for (const plan of await backend.openPlans(run)) await takePlan(plan, false)
      for (const held of plansHeld) await commitPlan(held)
      await writePages(true, false)
      const left = await desk.progress()
      const judged = left.unplannedRows + left.plansOpen + left.pageRows
      const waiting = left.urls + left.buffered + left.batchesOpen + judged
      if (waiting + left.pagesLeased + left.batchesLeased === 0) return
      await setTimeout(1)
    }
    throw new Error(`the run does not end: ${JSON.stringify(await desk.progress())}`)
  }

  return {
    seed: async () => {
      offered.add(0)
      await backend.offer(run, [offerOf(0)], true)
    },
    play,
    finish,
    offered,
    done,
    found,
    ledgered,
    /** Of every page in the store's ledger. */
    pageUrls: () => [...pageFiles.values()].flat(),
    /** What progress() must say. Leases that ran out count until somebody finds them so. */
    check: (progress: Omit<Progress, 'elapsedMs' | 'seedings' | 'backlog'>) => {
      const waiting = [...offered].filter((page) => !done.has(page))
      expect(progress).toMatchObject({
        ...sums,
        urls: waiting.length,
        hosts: new Set(waiting.map(label)).size,
        pages: done.size,
        batchesOpen: batchesOpen.size,
        plansOpen: plansOpen.size,
        pageRows:
          done.size -
          [...pageFilesCommitted].reduce((sum, file) => sum + (pageFiles.get(file)?.length ?? 0), 0),
      })
      const live = sessions.filter(({ dies }) => !dies).reduce((sum, { urls }) => sum + urls.length, 0)
      expect(progress.pagesLeased).toBeGreaterThanOrEqual(live)
      expect(progress.pagesLeased).toBeLessThanOrEqual(waiting.length)
      expect(progress.batchesLeased).toBeGreaterThanOrEqual(batchesHeld.filter(({ dies }) => !dies).length)
      expect(progress.batchesLeased).toBeLessThanOrEqual(batchesOpen.size)
      const unjudged = found.size - ledgered.size
      if (batchesOpen.size === 0) expect(progress.buffered).toBe(unjudged)
      else expect(progress.buffered).toBeLessThanOrEqual(unjudged - batchesOpen.size)
    },
  }
}

export function randomRules(open: OpenDesk, recount: (run: string) => Promise<Partial<Progress>>): void {
  describe('any order of work, with workers that die and wake again', () => {
    it('loses no URL and no candidate, does none twice, and keeps its sums', async () => {
      await fc.assert(
        fc.asyncProperty(worlds, async (world) => {
          const desk = await open()
          const play = createPlay(desk, world)
          const check = async () => {
            const progress = await desk.progress()
            play.check(progress)
            expect(progress).toMatchObject(await recount(desk.run))
          }
          await play.seed()
          for (const act of world.acts) {
            await play.play(act)
            await check()
          }
          await play.finish()
          await check()

          const reached = new Set([0])
          for (const page of reached) for (const link of world.pages[page]!.links) reached.add(link)
          const images = new Set([...reached].flatMap((page) => world.pages[page]!.images))
          expect(play.done).toEqual(reached)
          expect(play.found).toEqual(images)
          expect(play.ledgered.size).toBe(images.size)
          const written = play.pageUrls()
          expect(written).toHaveLength(reached.size)
          expect(new Set(written).size).toBe(reached.size)
          expect(reached.size).toBeLessThanOrEqual(pageCount)
          expect(await desk.backend.liveParts(desk.run)).toEqual([])
          expect(await desk.counters()).toMatchObject({ pages: reached.size })
        }),
        { numRuns: runs.world },
      )
    })
  })
}
