import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderStore, readPart, readShard, verifyDataset } from '../../../src/shard/index.js'
import { readParquet } from '../../../src/shard/parquet-reader.js'
import { afterChanges, afterFiles, killAt, type Moment, namesIn } from '../../fixtures/run/moments.js'
import {
  attemptsOf,
  countersOf,
  leftovers,
  newOut,
  pagesOf,
  pairmill,
  pairsOf,
  problemsOf,
  start,
  tempFolder,
} from '../../fixtures/run/pairmill.js'
import { seeded } from '../../fixtures/run/pictures.js'
import { keepsAll, serveSite } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const hosts = ['a.test', 'b.test', 'c.test', 'd.test']
const pagesPerHost = 52
const perPage = 3
const paths = Array.from({ length: pagesPerHost }, (_, n) => (n === 0 ? '' : `${n}.html`))
const wantedPages = hosts.flatMap((host) => paths.map((path) => `http://${host}/${path}`)).sort()
const batchSize = 6
/** Lives that are ended while they work. */
const kills = 20
/** Parts that a life writes at least, where it is one that gets somewhere. */
const leastParts = 2
/** Share of the lives that are ended so early that they finish nothing. What is under way at one of them is nobody's fault. */
const idleShare = 0.4

let web: TestWeb
let wanted: string[]
beforeAll(async () => {
  web = await startTestWeb()
  wanted = await serveSite(web, { hosts, pagesPerHost, perPage })
}, 120_000)
afterAll(() => web.close())

const words = (out: string): string[] => [
  'run',
  ...hosts.map((host) => `http://${host}/`),
  '--out',
  out,
  ...keepsAll,
  ...['--batch-size', String(batchSize), '--shard-size', '10', '--delay-ms', '4', '--shuffle-seed', 'kill'],
  ...web.words,
]

/** The n-th request of this life. */
function afterRequests(n: number): Moment {
  let left = n
  let stop = () => {}
  const come = new Promise<void>((resolve) => {
    stop = web.onRequest(() => {
      if (--left === 0) resolve()
    })
  })
  return { name: `request ${n}`, come, stop }
}

/** When it is seen to be so, by looking all the time. */
function when(name: string, isSo: () => boolean): Moment {
  let timer: NodeJS.Timeout | undefined
  const come = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      if (isSo()) resolve()
    }, 1)
  })
  return { name, come, stop: () => clearInterval(timer) }
}

/** Whatever a kill left under its own name is whole: nothing is written in place. */
async function everyNamedFileIsWhole(out: string): Promise<void> {
  const state = join(out, '.pairmill')
  for (const folder of ['entries', 'generations', 'pages', 'plans']) {
    for (const name of namesIn(join(state, folder)))
      JSON.parse(readFileSync(join(state, folder, name), 'utf8'))
  }
  for (const name of namesIn(join(state, 'parts'))) await readPart(join(state, 'parts', name))
  for (const name of namesIn(out)) {
    const path = join(out, name)
    if (name.endsWith('.json')) JSON.parse(readFileSync(path, 'utf8'))
    if (name.endsWith('.tar')) for await (const { files } of readShard(path)) expect(files.size).toBe(3)
    if (name.endsWith('.parquet'))
      for await (const row of readParquet(path, ['url'])) expect(row.url).toBeTruthy()
  }
}

const seed = Number(process.env.PAIRMILL_KILL_SEED ?? Math.floor(Math.random() * 1e9))

describe(`a run that is killed again and again (PAIRMILL_KILL_SEED=${seed})`, { timeout: 600_000 }, () => {
  it(`comes to the same pairs as one that is not, after ${kills} kills and more while it starts`, async () => {
    const out = newOut()
    const state = join(out, '.pairmill')
    for (const folder of ['parts', 'plans', 'entries', 'generations'])
      mkdirSync(join(state, folder), { recursive: true })
    const random = seeded(seed)
    const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
    const parts = join(state, 'parts')
    const shardFolders = [out, ...['plans', 'entries', 'generations'].map((folder) => join(state, folder))]
    const fetched = () => new Set(web.seen.map(({ host, path }) => host + path)).size
    /** When a life that has done some work is killed: so that there are kills to the end, it may do a share of what is left. */
    const nextMoment = (killsLeft: number): (() => Moment) => {
      const images = Math.max(0, (wanted.length - fetched()) / (killsLeft + 1) - leastParts * batchSize)
      const kind = between(0, 3)
      if (kind === 0) return () => afterFiles('part', parts, between(1, 1 + Math.round(images / batchSize)))
      if (kind === 1) return () => afterChanges('shard', shardFolders, between(1, 6))
      return () => afterRequests(between(1, 6 + Math.round(1.5 * images)))
    }
    const told: string[] = []
    for (let killed = 0; killed < kills; ) {
      // Now and then a life that has not begun to work: its database is open, or is just being repaired.
      const folders = [join(state, 'db/pg_wal'), join(state, 'db/base/5')]
      if (random() < 0.12 && folders.every((folder) => existsSync(folder))) {
        const changes = between(1, 20)
        expect(await killAt(start(words(out)), () => afterChanges('database', folders, changes))).toBe(true)
        told.push(`database ${changes}`)
      }
      let name = ''
      const idle = random() < idleShare
      const next = idle ? () => afterRequests(between(1, 8)) : nextMoment(kills - killed)
      const worked = idle ? [] : [() => afterFiles('part', parts, leastParts)]
      const done = await killAt(start(words(out)), ...worked, () => {
        const moment = next()
        name = moment.name
        return moment
      })
      expect(done, `it ended by itself after ${killed} kills: ${told.join(', ')}`).toBe(true)
      told.push(name)
      killed++
      await everyNamedFileIsWhole(out)
      if (killed % 4 === 0) {
        const { problems } = await verifyDataset(folderStore(out), () => {}, new AbortController().signal)
        expect(problems, told.join(', ')).toEqual([])
      }
      if (killed % 10 === 0) {
        const { stdout, code } = await pairmill(['verify', out])
        expect(stdout).toMatch(code === 0 ? /nothing is wrong/ : /nothing is committed here/)
      }
    }
    const last = await pairmill(words(out))
    expect(last, told.join(', ')).toMatchObject({ code: 0, signal: null })

    const untouched = newOut()
    expect((await pairmill(words(untouched))).code).toBe(0)
    for (const dataset of [untouched, out]) {
      const attempts = await attemptsOf(dataset)
      expect(
        attempts.filter(({ reason }) => reason !== null),
        told.join(', '),
      ).toEqual([])
      expect(attempts.map(({ url, caption }) => `${url} ${caption}`).sort(), told.join(', ')).toEqual(wanted)
      expect(await pairsOf(dataset)).toEqual(wanted)
      const pages = await pagesOf(dataset)
      expect(pages.map(({ url }) => url).sort(), told.join(', ')).toEqual(wantedPages)
      for (const row of pages) expect(row).toMatchObject({ outcome: 'read', candidates: perPage })
      expect(await countersOf(dataset)).toMatchObject({
        pages: hosts.length * pagesPerHost,
        candidates: wanted.length,
        kept: wanted.length,
      })
      expect(await problemsOf(dataset)).toEqual([])
      expect(leftovers(dataset)).toEqual([])
    }
  })

  it('begins anew where it was killed while it made its database', async () => {
    const out = join(tempFolder(), 'out')
    const state = join(out, '.pairmill')
    mkdirSync(state, { recursive: true })
    const database = join(state, 'db')
    const mark = join(database, 'left-behind')
    for (const least of [1, 10, 20]) {
      const filled = () => when('filled', () => !existsSync(mark) && namesIn(database).length >= least)
      expect(await killAt(start(words(out)), filled)).toBe(true)
      if (!existsSync(join(state, 'db.unfinished'))) break
      writeFileSync(mark, '')
    }
    const { code, stderr } = await pairmill([...words(out), '--max-pages', '8'])
    expect(code, stderr).toBe(0)
    expect(await problemsOf(out)).toEqual([])
    expect(leftovers(out)).toEqual([])
    expect(existsSync(mark)).toBe(false)
  })
})
