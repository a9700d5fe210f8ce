import type { Progress } from '../../src/workers/backend/backend.js'
import type { RedisClient } from '../../src/workers/backend/redis/connection.js'

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
const textOf = (value: string | null | undefined) => value ?? '0'

/** The sums that a run keeps, counted anew from its keys (lua/parts/keys.lua), and what must agree beside them. */
export async function recount(redis: RedisClient, root: string, run: string): Promise<Partial<Progress>> {
  const no = await redis.hget(`${root}runs`, run)
  const keysOf = (pattern: string) => redis.keys(`${root.replace(/[{}]/g, '\\$&')}${pattern}`)
  const lengths = async (keys: readonly string[], length: (key: string) => Promise<number>) =>
    sum(await Promise.all(keys.map(length)))

  const hosts: Record<string, string>[] = []
  const hostNames = await redis.zrange(`${root}u${no}`, '0', '-1')
  for (const host of hostNames) {
    const h = await redis.hgetall(`${root}h:${host}`)
    hosts.push(h)
    const mine = h.r === no
    const waiting =
      (await lengths(await keysOf(`q${no}:*:${host}`), (key) => redis.llen(key))) +
      (await redis.zcard(`${root}w${no}:${host}`)) +
      (mine ? await redis.hlen(`${root}l:${host}`) : 0)
    const urls = Number(await redis.zscore(`${root}u${no}`, host))
    must(waiting === urls, `${host} has ${waiting} URLs, not ${urls}`)
    const depths = (await keysOf(`q${no}:*:${host}`)).map((key) => key.split(':')[2]).toSorted()
    const told = (h[`d${no}`] ?? '').split(',').filter((depth) => depth !== '')
    must(`${depths}` === `${told.toSorted()}`, `${host} has URLs at ${depths}, not at ${told}`)
    must((h[`d${no}`] === undefined) === (urls === 0 && !mine), `${host}: ${urls} URLs, d is ${h[`d${no}`]}`)
    const [due, held] = [await redis.zscore(`${root}d${no}`, host), await redis.zscore(`${root}e${no}`, host)]
    must((held !== null) === mine, `${host} is ${mine ? '' : 'not '}held`)
    must(urls === 0 || mine || due !== null, `${host} has URLs, and nobody will look`)
  }
  const leased = hosts.filter((h) => h.r === no).map((h) => Number(h.k))

  const ready = await redis.zcard(`${root}y${no}`)
  const deferred = await redis.zcard(`${root}z${no}`)
  const inBatches = await lengths(await keysOf(`c${no}:*`), (key) => redis.llen(key))
  const bodies = await redis.hlen(`${root}f${no}`)
  must(
    ready + deferred + inBatches === bodies,
    `${bodies} candidates: ${ready} ready, ${deferred} deferred, ${inBatches} in batches`,
  )
  const batches = await Promise.all(
    (await keysOf(`b${no}:[0-9]*`)).map(async (key) => ({
      ...(await redis.hgetall(key)),
      id: key.split(':')[2],
    })),
  )
  const inState = (state: string) =>
    (batches as Record<string, string>[]).filter((batch) => batch.state === state)
  const [free, held] = [await redis.zcard(`${root}b${no}:free`), await redis.zcard(`${root}b${no}:held`)]
  must(free + held === inState('open').length, `${free} free batches and ${held} held ones`)
  const lists = (await keysOf(`c${no}:*`)).length
  must(lists === inState('open').length, `${lists} lists of candidates`)
  const plans = await redis.zcard(`${root}p${no}:open`)

  return {
    urls: sum(
      (await redis.zrange(`${root}u${no}`, '0', '-1', 'WITHSCORES'))
        .map(Number)
        .filter((_, i) => i % 2 === 1),
    ),
    pages: sum(hosts.map((h) => Number(textOf(h[`p${no}`])))),
    pagesLeased: sum(leased),
    buffered: ready + deferred,
    batchesOpen: inState('open').length,
    batchesLeased: held,
    unplannedKept: sum(inState('done').map((batch) => Number(batch.kept))),
    unplannedRows: sum(inState('done').map((batch) => Number(batch.rows))),
    plansOpen: plans,
    pageRows: await pageRowsOf(redis, keysOf, no),
  }
}

/** Rows of the page ledger, in chunks or still as the URLs that were dropped. */
async function pageRowsOf(
  redis: RedisClient,
  keysOf: (pattern: string) => Promise<string[]>,
  no: string | null,
): Promise<number> {
  const files = await keysOf(`v${no}:[0-9]*`)
  let rows = 0
  for (const key of files.filter((name) => !name.endsWith(':file'))) {
    for (const text of await redis.lrange(key, 0, -1)) {
      const chunk = JSON.parse(text.slice(text.indexOf(' ') + 1)) as { rows?: unknown[]; urls?: unknown[] }
      rows += (chunk.rows ?? chunk.urls ?? []).length
    }
  }
  for (const key of await keysOf(`x${no}:*`)) {
    rows += (await redis.type(key)) === 'list' ? await redis.llen(key) : await redis.zcard(key)
  }
  return rows
}

function must(is: boolean, otherwise: string): void {
  if (!is) throw new Error(otherwise)
}
