import { createHash, randomBytes } from 'node:crypto'
import { connectRedis, redisBackend } from '../dist/backend/redis/index.js'
import { candidateOf, infoOf, usedBytes, workerOf } from './redis.js'
import { startServer } from './redis-server.js'

export const title = 'Redis: what judged candidates and kept images take'
/** Beside the clone; null = nothing. */
export const needs = 'redis-server'

const prefix = 'bench'
const run = 'scale'
const batchSize = 256
/** Of one session, so that its candidates fill whole batches. */
const perSession = 8 * batchSize
const shardSize = 10_000
const distance = 3
/** Look-ups that are measured at each size. */
const lookUps = 100
const shape = { batchSize, batchAgeMs: 3_600_000, perHost: batchSize }

const contentOf = (n) => createHash('sha256').update(`image ${n}`).digest('hex')
const phashOf = (n) => contentOf(`look ${n}`).slice(0, 16)

/** Runs candidates through the backend as crawl, filter and shard workers do, without what they fetch. They are numbered from `first` on. */
export function lineOf(backend, run, first = 0) {
  const { lease, commit } = workerOf(backend, run)
  let candidates = first
  let images = first

  const session = async () => {
    const host = `www.site-${candidates}.example.org`
    await backend.offer(run, [{ url: `https://${host}/`, host, depth: 0, anchor: host, redirects: 0 }], false)
    const held = await lease(host, 1)
    const found = Array.from({ length: perSession }, () => candidateOf(host, candidates++))
    const { batches } = await commit(held, { ...shape, candidates: found })
    return batches
  }
  const judge = async (batch, keep) => {
    const token = randomBytes(12).toString('hex')
    const leased = await backend.leaseBatch({ run, batch, token, leaseMs: 90_000 })
    const kept = keep
      ? leased.candidates.map((_, row) => ({
          row,
          sha256: contentOf(images),
          phash: phashOf(images++),
          score: null,
        }))
      : []
    const part = {
      name: `.pairmill/parts/${batch}-${token}.tar`,
      size: 1,
      sha256: contentOf(batch),
      rows: leased.candidates.length,
    }
    const judged = { kept, cited: [], deferred: [], counters: {}, dedupe: 'near', distance }
    const committed = await backend.commitBatch({ run, batch, token, part, ...judged })
    if (committed.kind !== 'committed') throw new Error(`batch ${batch}: ${committed.kind}`)
  }
  /** What is judged goes into plans that are carried out: their records would be counted otherwise. */
  const plan = async () => {
    for (;;) {
      const parts = await backend.unplannedParts(run, 2_000)
      if (parts.length === 0) return
      const batches = parts.map(({ batch }) => batch)
      const id = await backend.allotPlan({ run, batches, shards: 1, shardSize })
      const token = randomBytes(12).toString('hex')
      await backend.leasePlan({ run, plan: id, token, leaseMs: 90_000 })
      await backend.commitPlan({ run, plan: id, token, counters: {} })
    }
  }
  return {
    through: async (count, keep) => {
      for (let done = 0; done < count; done += perSession) {
        for (const batch of await session()) await judge(batch, keep)
      }
      await plan()
    },
    counts: () => ({ candidates, images }),
  }
}

/** The server's CPU for looking one batch of unknown images up, in milliseconds. */
async function lookUpMs(redis, backend) {
  const cpuOf = (info) => Number(info.used_cpu_user_main_thread) + Number(info.used_cpu_sys_main_thread)
  const before = cpuOf(await infoOf(redis, 'cpu'))
  for (let i = 0; i < lookUps; i += 1) {
    const images = Array.from({ length: batchSize }, (_, n) => ({
      sha256: contentOf(`${i} ${n}`),
      phash: phashOf(`${i} ${n}`),
    }))
    await backend.findDuplicates({ run, images, near: true, distance })
  }
  return ((cpuOf(await infoOf(redis, 'cpu')) - before) / lookUps) * 1_000
}

/** @param {{ kept: number }} options */
export async function measure({ kept }) {
  const server = await startServer()
  if (server === null)
    return { lines: [], notes: ['Not measured: there is no redis-server on this machine.'] }
  const redis = connectRedis(server.url, (error) => console.error(error.message))
  try {
    const backend = redisBackend(redis, { prefix })
    await backend.openRun(run, {}, { maxPages: null, maxPairs: null, maxPagesPerHost: null })
    const line = lineOf(backend, run)
    // The server keeps the text of every script that it was told: that is no part of what an image takes.
    await line.through(1, true)
    await lookUpMs(redis, backend)

    const emptyBytes = await usedBytes(redis)
    const before = line.counts()
    await line.through(kept / 2, false)
    const judgedBytes = (await usedBytes(redis)) - emptyBytes
    const perCandidate = judgedBytes / (line.counts().candidates - before.candidates)
    console.log(`  ${perCandidate.toFixed(1)} B for a candidate`)

    const sizes = []
    const startBytes = await usedBytes(redis)
    const start = line.counts()
    let last = { images: start.images, total: 0 }
    for (const share of [0.1, 0.5, 1]) {
      await line.through(kept * share - (line.counts().images - start.images), true)
      const { images, candidates } = line.counts()
      const taken = (await usedBytes(redis)) - startBytes - (candidates - start.candidates) * perCandidate
      const size = {
        images,
        bytes: (taken - last.total) / (images - last.images),
        ms: await lookUpMs(redis, backend),
      }
      last = { images, total: taken }
      console.log('  kept:', size)
      sizes.push(size)
    }
    return sectionOf(perCandidate, sizes)
  } finally {
    redis.disconnect()
    await server.close()
  }
}

/** @returns {import('./results.js').Section} */
function sectionOf(perCandidate, sizes) {
  const thousands = (n) => Math.round(n).toLocaleString('en-US')
  const told = (what, pairmill) => ({ what, pairmill, other: '-', ratio: null, aim: 'none', met: null })
  const [few] = sizes
  return {
    lines: [
      told('memory for a candidate that was judged', `${perCandidate.toFixed(1)} B`),
      ...sizes.map(({ images, bytes }, i) =>
        told(
          `memory for a kept image, beside its being a candidate, from ${thousands(sizes[i - 1]?.images ?? 0)} to ${thousands(images)}`,
          `${bytes.toFixed(1)} B`,
        ),
      ),
      ...sizes.map(({ images, ms }) => ({
        ...told(
          `the server's CPU for looking up ${batchSize} images among ${thousands(images)}`,
          `${ms.toFixed(1)} ms`,
        ),
        other: `${few.ms.toFixed(1)} ms among ${thousands(few.images)}`,
        ratio: ms / few.ms,
      })),
    ],
    notes: [
      `Candidates with one image URL and one caption each, no two alike, are found, dealt into batches of ${batchSize}, judged and planned; fetching and the store are not in it. What a candidate takes for good: that it is known, and its caption's count.`,
      'A kept image takes its content hash, its claim and four bands of its perceptual hash, which are random here (their 262,144 values take some 25 MB as the first images come): pictures of the real web crowd together in some bands, and a look-up among them takes longer.',
    ],
  }
}
