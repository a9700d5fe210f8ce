import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connectRedis, redisBackend } from '../dist/backend/redis/index.js'
import { infoOf, usedBytes } from './redis.js'
import { startServer } from './redis-server.js'

export const title = 'Redis: near duplicates among millions'
/** Beside the clone; null = nothing. */
export const needs = 'redis-server'

const prefix = 'bench'
const root = `{${prefix}}:`
const distance = 3
const batchSize = 256
/** Batches that are looked up at each size. */
const lookUps = 60
/** The sizes at which look-ups in bands are compared, and where a run is moved to chunks, and filled on. */
const few = 1_000_000
const many = [5_000_000, 10_000_000]
const movedAt = 1_000_000
const inChunks = 5_000_000
const images = 100_000
const planted = 10_000
const noLimits = { maxPages: null, maxPairs: null, maxPagesPerHost: null }

const lua = (name) => readFileSync(new URL(`../src/backend/redis/lua/${name}.lua`, import.meta.url), 'utf8')
const parts = ['keys', 'base', 'nearness', 'bands', 'known', 'chunks', 'claims']
/** A script of ours, or the name of one, behind the parts of those of claims. */
const scriptOf = (text) => `${parts.map((name) => lua(`parts/${name}`)).join('\n')}\n${text}`
/** Fills a run's tables as commits do, without their candidates, batches and list of the last. ARGV: run, then number, content and hash of each. */
const fillScript = scriptOf(`
local no = run_number(take())
local set, images = open_table(no, 'image'), open_images(no)
for _ = 2, #ARGV, 3 do
  local number, content, hash = take(), take(), take()
  images.last = images.last + 1
  add_known(set, number)
  keep_content(no, images.last, 'x' .. content)
  if images.bands then add_to_bands(no, images.last, hash) end
  if images.chunks then add_to_chunks(images.chunks, images.last, hash) end
end
close_table(set)
if images.chunks then close_table(images.chunks) end
call('HSET', run_key(no), 'last_image', images.last, 'settled', images.last)
`)
const settleScript = scriptOf(lua('settle_images'))

const random = (seed) => createHash('sha256').update(seed).digest()
const numberOf = (content) =>
  ((BigInt(content.readInt32BE(0)) << 32n) | BigInt(content.readUInt32BE(4) >>> 1)).toString()

/** One run on the server, which is filled at the server's pace. */
export function runOf(redis, root, run) {
  let kept = 0
  const fill = async (to, imageOf) => {
    const lane = async () => {
      while (kept < to) {
        const count = Math.min(128, to - kept)
        const first = kept
        kept += count
        const args = Array.from({ length: count }, (_, i) => imageOf(first + i)).flatMap(
          ({ content, hash }) => [numberOf(content), content, hash],
        )
        await redis.eval(fillScript, 1, root, run, ...args)
      }
    }
    await Promise.all([lane(), lane()])
  }
  return {
    fill: (to, imageOf = () => ({ content: randomBytes(32), hash: randomBytes(8) })) => fill(to, imageOf),
    /** Moves from bands to chunks, in slices; answers how many there were. */
    move: async (from) => {
      for (let slices = 1; ; slices += 1)
        if ((await redis.eval(settleScript, 1, root, run, 64, from)) === 0) return slices
    },
    kept: () => kept,
  }
}

const cpuOf = async (redis) => {
  const info = await infoOf(redis, 'cpu')
  return Number(info.used_cpu_user_main_thread) + Number(info.used_cpu_sys_main_thread)
}
export async function cpuMs(redis, act) {
  const before = await cpuOf(redis)
  await act()
  return ((await cpuOf(redis)) - before) * 1_000
}

/** The server's CPU for looking one batch of unknown images up in each of the runs, in turn: a machine that is busy makes all of them dearer. */
export async function lookUpMs(redis, backend, runs) {
  const unknown = () => ({ sha256: randomBytes(32).toString('hex'), phash: randomBytes(8).toString('hex') })
  const sums = runs.map(() => 0)
  for (let turn = 0; turn < lookUps; turn += 1) {
    for (const [i, run] of runs.entries()) {
      const images = Array.from({ length: batchSize }, unknown)
      sums[i] += await cpuMs(redis, () => backend.findDuplicates({ run, images, near: true, distance }))
    }
  }
  return sums.map((sum) => sum / lookUps)
}

/** Looks neighbours of kept images up, as many at each distance of 0 to 4, in both schemes. */
async function compareSchemes(redis, backend) {
  const kept = (n) => ({ content: random(`kept ${n}`), hash: random(`hash ${n}`).subarray(0, 8) })
  for (const run of ['bands', 'chunks']) {
    await backend.openRun(run, {}, noLimits)
    await runOf(redis, root, run).fill(images, kept)
  }
  await runOf(redis, root, 'chunks').move(0)
  const asked = Array.from({ length: planted }, (_, n) => {
    const hash = Buffer.from(kept(n * 7).hash)
    const first = n % 64
    for (let flip = 0; flip < n % 5; flip += 1) {
      const bit = (first + flip * (1 + (n % 29))) % 64
      hash[bit >> 3] ^= 1 << (bit & 7)
    }
    return { sha256: random(`asked ${n}`).toString('hex'), phash: hash.toString('hex') }
  })
  const look = (run) => backend.findDuplicates({ run, images: asked, near: true, distance })
  const [bands, chunks] = [await look('bands'), await look('chunks')]
  return { found: chunks.length, same: JSON.stringify(bands) === JSON.stringify(chunks) }
}

export async function measure() {
  const server = await startServer()
  if (server === null)
    return { lines: [], notes: ['Not measured: there is no redis-server on this machine.'] }
  const redis = connectRedis(server.url, (error) => console.error(error.message))
  try {
    // Ten million images would write 10 GB of it, and look-ups write nothing.
    await redis.config('SET', 'appendonly', 'no')
    const backend = redisBackend(redis, { prefix })
    const compared = await compareSchemes(redis, backend)
    console.log('  compared:', compared)
    await redis.flushall()

    const measured = []
    const filled = {}
    for (const run of ['few', 'many', 'moved']) {
      await backend.openRun(run, {}, noLimits)
      filled[run] = runOf(redis, root, run)
    }
    const measureAt = async (run, count, scheme) => {
      const startBytes = await usedBytes(redis)
      const start = filled[run].kept()
      const fillMs = await cpuMs(redis, () => filled[run].fill(count))
      const bytes = ((await usedBytes(redis)) - startBytes) / (count - start)
      const micros = (fillMs * 1_000) / (count - start)
      const [fewMs, ms] = await lookUpMs(redis, backend, ['few', run])
      measured.push({ count, scheme, start, bytes, micros, ms, fewMs })
      console.log('  kept:', measured.at(-1))
    }
    await measureAt('few', few, 'bands')
    for (const count of many) await measureAt('many', count, 'bands')
    await filled.moved.fill(movedAt)
    const moved = await measureMove(redis, filled.moved)
    console.log('  moved:', moved)
    await measureAt('moved', inChunks, 'chunks')
    return sectionOf({ compared, measured, moved })
  } finally {
    redis.disconnect()
    await server.close()
  }
}

/** The longest slice is by the server's clock. */
async function measureMove(redis, filled) {
  await redis.config('SET', 'slowlog-log-slower-than', '5000', 'slowlog-max-len', '100000')
  await redis.slowlog('RESET')
  let slices = 0
  const ms = await cpuMs(redis, async () => {
    slices = await filled.move(movedAt)
  })
  const calls = await redis.slowlog('GET', '-1')
  await redis.config('SET', 'slowlog-log-slower-than', '-1')
  return {
    slices,
    micros: (ms * 1_000) / filled.kept(),
    sliceMs: ms / slices,
    over5: calls.length,
    longestMs: Math.max(0, ...calls.map(([, , micros]) => micros / 1_000)),
  }
}

/** @returns {import('./results.js').Section} */
function sectionOf({ compared, measured, moved }) {
  const thousands = (n) => Math.round(n).toLocaleString('en-US')
  const told = (what, pairmill) => ({ what, pairmill, other: '-', ratio: null, aim: 'none', met: null })
  return {
    lines: [
      {
        what: `winners of ${thousands(planted)} neighbours at distances of 0 to 4 among ${thousands(images)}: chunks as bands`,
        pairmill: compared.same ? `the same; ${thousands(compared.found)} found` : 'others',
        other: `${thousands((planted * 4) / 5)} within ${distance}`,
        ratio: null,
        aim: 'the same',
        met: compared.same,
      },
      ...measured.map(({ count, scheme, ms, fewMs }) => {
        const isCompared = many.includes(count)
        return {
          what: `the server's CPU for looking up ${batchSize} images among ${thousands(count)} (${scheme})`,
          pairmill: `${ms.toFixed(1)} ms`,
          other: `${fewMs.toFixed(1)} ms among ${thousands(few)}`,
          ratio: ms / fewMs,
          aim: isCompared ? 'at most 1.5x' : 'none',
          met: isCompared ? ms <= 1.5 * fewMs : null,
        }
      }),
      ...measured.map(({ count, scheme, start, bytes, micros }) =>
        told(
          `a kept image, from ${thousands(start)} to ${thousands(count)} (${scheme})`,
          `${bytes.toFixed(0)} B, ${micros.toFixed(0)} us to add`,
        ),
      ),
      told(
        `moving ${thousands(movedAt)} images from bands to chunks`,
        `${moved.micros.toFixed(0)} us an image, ${thousands(moved.slices)} slices of ${moved.sliceMs.toFixed(1)} ms`,
      ),
    ],
    notes: [
      'Perceptual hashes are random: pictures of the real web crowd together, and look-ups among them take longer. A kept image is its claim, its content hash and where its near ones are looked for.',
      'Images were put into the tables by a script of the bench, with the parts of ours, and the log of writes off; look-ups and the move are ours.',
      `CPU is that of the server, the asking for it included; a busy machine makes it dearer, so what is compared was measured in turn. The move is in slices of 64 images; of those ${thousands(moved.over5)} took more than 5 ms by the server's clock, the longest ${moved.longestMs.toFixed(1)} ms: another busy process on the machine lengthens them.`,
    ],
  }
}
