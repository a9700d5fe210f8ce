import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { PairRow, RejectedRow, Rows, SearchAnswer } from '../../../src/report/explore/explore-data.js'
import { executePlan, folderStore, type PartRow, type Store } from '../../../src/shard/index.js'
import { crawled, numbered } from '../../fixtures/curate/curating.js'
import { type Answer, asked, pointing, servedExplorer } from '../../fixtures/report/explorer.js'
import { pairmill } from '../../fixtures/run/pairmill.js'
import {
  bytesUnder,
  calm,
  keptRow,
  picture,
  picturedRow,
  planOf,
  planOfRows,
  rejectedRow,
  sha256,
  tempFolder,
} from '../../fixtures/shard/dataset-fixture.js'

/** Twelve pairs, whose pictures point ten degrees apart, in three shards. */
const compassSet = () =>
  crawled(
    numbered(12, 1, (n) => ({
      embeddings: pointing(10 * n),
      caption: `picture ${n}`,
      clipScore: (n % 4) / 10,
    })),
    { shardSize: 4 },
  )

const folderOf = (store: Store) => fileURLToPath(store.url)
const keysIn = (rows: readonly { readonly key: string }[]) => rows.map(({ key }) => key)
const numberOf = (caption: string) => Number(caption.split(' ')[1])
/** Pairs that a search found. */
const pairsIn = (answer: Answer) => (answer.json as SearchAnswer).found.map(({ pair }) => pair)
const uidsIn = (pairs: readonly { readonly uid: string | null }[]) => pairs.map(({ uid }) => uid).sort()

/** The report, when it is made. */
async function madeReport(get: (path: string) => Promise<Answer>): Promise<Answer> {
  let answer = await get('/api/figures')
  while (answer.status === 202) answer = await get('/api/figures')
  expect(answer.status, answer.text).toBe(200)
  return answer
}

/** All rows of a list, page by page. */
async function allPages<T>(get: (path: string) => Promise<Answer>, path: string) {
  const rows: T[] = []
  let after: string | null = null
  const totals: (number | null)[] = []
  do {
    const answer = await get(`${path}&limit=3${after === null ? '' : `&after=${after}`}`)
    const json = answer.json as Rows<T>
    rows.push(...json.rows)
    totals.push(json.total)
    after = json.next
  } while (after !== null)
  return { rows, totals }
}

describe('an explorer', { timeout: 60_000 }, () => {
  it('answers another origin, a rebound name and another site nothing', async () => {
    const { get, post, url } = await servedExplorer(await compassSet())
    const paths = ['/', '/api/state', '/api/pairs?limit=2', '/api/picture?key=000000', '/api/search?text=40']
    const heads: Record<string, string>[] = [
      { host: 'evil.example' },
      { host: `evil.example:${new URL(url).port}` },
      { host: '127.0.0.1.evil.example' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]
    for (const path of paths) {
      expect((await get(path)).status).toBe(200)
      for (const head of heads) {
        const answer = await get(path, head)
        expect(answer.status, `${path} ${JSON.stringify(head)}`).toBe(403)
        expect(answer.text).not.toMatch(/picture \d|PNG|JFIF/)
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      }
    }
    const wish = JSON.stringify({ form: 'uids', uids: [] })
    for (const head of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }])
      expect(
        (await post('/api/selection', wish, { 'content-type': 'application/json', ...head })).status,
      ).toBe(403)
    // A form of another page sends no origin in an old browser, and never JSON.
    const posted = await asked(new URL('/api/selection', url), { method: 'POST', headers: {} }, wish)
    expect(posted.status).toBe(403)
    expect((await post('/api/selection', wish, { 'content-type': 'text/plain' })).status).toBe(415)
  })

  it('says of each answer what it is, and that nothing may be done with it', async () => {
    const { get } = await servedExplorer(await compassSet())
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/api/state', 'application/json; charset=utf-8'],
      ['/api/picture?key=000000', 'image/jpeg'],
      ['/api/nothing', 'application/json; charset=utf-8'],
    ] as const) {
      const { headers } = await get(path)
      expect(headers).toMatchObject({
        ...{ 'content-type': type, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' },
        ...{ 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' },
      })
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe|\*|http:/)
    }
    expect((await get('/')).headers['content-security-policy']).toContain("connect-src 'self'")
  })

  it('pages through all pairs, in each order, each once', async () => {
    const { get } = await servedExplorer(await compassSet())
    const inOrder = await allPages<PairRow>(get, '/api/pairs?order=key')
    expect(inOrder.rows).toHaveLength(12)
    expect(inOrder.totals).toEqual([12, null, null, null])
    const keys = keysIn(inOrder.rows)
    expect(keys).toEqual([...new Set(keys)].sort())
    const scoresOf = (rows: readonly PairRow[]) => rows.map(({ score }) => score ?? 0)
    const best = await allPages<PairRow>(get, '/api/pairs?order=best')
    expect(keysIn(best.rows).sort()).toEqual(keys)
    expect(scoresOf(best.rows)).toEqual(scoresOf(best.rows).toSorted((a, b) => b - a))
    const worst = await allPages<PairRow>(get, '/api/pairs?order=worst')
    expect(scoresOf(worst.rows)).toEqual(scoresOf(best.rows).reverse())
  })

  it('pages through what was rejected, though one URL was rejected again and again', async () => {
    const store = folderStore(await tempFolder())
    const rows: PartRow[] = [keptRow(1, await picture(1))]
    for (let n = 0; n < 8; n++) {
      const { row } = rejectedRow(n)
      rows.push({
        row: { ...row, url: n < 5 ? 'https://img.example/same' : row.url, caption: `c ${n}` },
        image: null,
      })
    }
    rows.push(await picturedRow(100))
    await executePlan({ store }, await planOfRows(store, [rows]), () => {}, calm)
    const { get } = await servedExplorer(store)
    const { rows: shown, totals } = await allPages<RejectedRow>(get, '/api/rejected?')
    expect(totals[0]).toBe(9)
    expect(shown.filter(({ url }) => url.endsWith('same')).map(({ caption }) => caption)).toEqual([
      ...['c 0', 'c 1', 'c 2', 'c 3', 'c 4'],
    ])
    expect(shown).toHaveLength(9)
    expect(shown.find(({ caption }) => caption === 'c 0')).toMatchObject({
      reason: 'http_4xx',
      meaning: 'it is gone',
      detail: 'HTTP 404',
      picture: null,
    })
    const low = await allPages<RejectedRow>(get, '/api/rejected?reason=score_low')
    expect(low.rows).toHaveLength(1)
    const small = await get(`/api/rejected-picture?name=${low.rows[0]?.picture}`)
    expect(small.headers['content-type']).toBe('image/webp')
    expect(small.bytes.toString('latin1', 8, 12)).toBe('WEBP')
    expect((await get('/api/reasons')).json).toEqual([
      { reason: 'http_4xx', count: 8 },
      { reason: 'score_low', count: 1 },
    ])
  })

  it('filters by SQL, and says of a wrong condition what is wrong', async () => {
    const dir = await compassSet()
    const { get } = await servedExplorer(dir)
    const where = (sql: string) => get(`/api/pairs?where=${encodeURIComponent(sql)}`)
    expect((await where('clip_score >= 0.3')).json).toMatchObject({ total: 3, rows: [{}, {}, {}] })
    expect((await where("caption = 'it''s' -- none")).json).toMatchObject({ total: 0, rows: [] })
    expect(await where('nothing > 1')).toMatchObject({
      status: 422,
      json: { problem: expect.stringContaining('Referenced column "nothing" not found') },
    })
    const outside = join(folderOf(dir), 'manifest.json')
    for (const wrong of [
      'true) union select * from pairs --',
      'true; drop view pairs',
      `exists (select * from read_text('${outside}'))`,
      "exists (select * from read_csv('/etc/passwd'))",
      'key = ?',
    ])
      expect((await where(wrong)).status, wrong).toBe(422)
    expect((await where('x'.repeat(10_001))).status).toBe(400)
    expect((await get('/api/pairs?limit=1000')).status).toBe(400)
    expect((await get('/api/pairs?after=nowhere')).status).toBe(400)
    expect((await get('/api/pairs?order=random')).status).toBe(400)
  })

  it('gives up a statement for which nobody waits any more', async () => {
    const { get, url } = await servedExplorer(await compassSet())
    const endless =
      '(select count(*) from range(1000000) a, range(1000000) b where a.range + b.range < 0) > 0'
    const leaving = new AbortController()
    const waiting = fetch(`${url}api/pairs?where=${encodeURIComponent(endless)}`, { signal: leaving.signal })
    const left = fetch(`${url}api/pairs?where=${encodeURIComponent(endless)}`, { signal: leaving.signal })
    // A third one waits for one of their places.
    const third = get('/api/pairs?limit=1')
    setImmediate(() => leaving.abort())
    await expect(waiting).rejects.toThrow()
    await expect(left).rejects.toThrow()
    expect((await third).status).toBe(200)
  })

  it('finds pictures by a text, by a picture and by a pair, the nearest first', async () => {
    const { get, post } = await servedExplorer(await compassSet())
    const numbers = (answer: Answer) => pairsIn(answer).map(({ caption }) => numberOf(caption))
    const byText = await get('/api/search?text=50&limit=3')
    expect(numbers(byText)[0]).toBe(5)
    expect(numbers(byText).slice(1).sort()).toEqual([4, 6])
    expect(byText.json.found[0].cosine).toBeCloseTo(1, 3)
    expect(byText.json.found[1].cosine).toBeCloseTo(Math.cos(Math.PI / 18), 3)
    expect(byText.json.images).toBe(12)
    const { key } = byText.json.found[0].pair
    const like = await get(`/api/search?key=${key}&limit=2`)
    expect(numbers(like).sort()).toEqual([4, 6])
    const type = { 'content-type': 'application/octet-stream' }
    expect(numbers(await post('/api/search?limit=1', Buffer.of(120), type))).toEqual([12])
    expect(await post('/api/search', Buffer.alloc(10), type)).toMatchObject({
      status: 415,
      json: { problem: 'this picture cannot be looked for: too_large' },
    })
    expect((await get('/api/search?text=')).status).toBe(400)
    expect((await get('/api/search?key=99999999')).status).toBe(404)
  })

  it('has the whole record of a pair, and its picture', async () => {
    const { get } = await servedExplorer(await compassSet())
    const { key } = (await get('/api/pairs?limit=1')).json.rows[0]
    const record = (await get(`/api/pair?key=${key}`)).json
    expect(record).toMatchObject({
      ...{ key, shard: 0, captions: [{ source: 'alt', score: 0.3 }] },
      permissions: [{ what: 'picture', rule: 'robots:none' }],
    })
    const shown = await get(`/api/picture?key=${key}`)
    expect(sha256(shown.bytes)).toBe(Object.fromEntries(record.fields).stored_sha256)
    expect((await get('/api/pair?key=000099')).status).toBe(404)
    expect((await get('/api/pair?key=../..')).status).toBe(400)
  })

  it('tells near duplicates by group: the winner, the others, how far they are', async () => {
    const store = folderStore(await tempFolder())
    const winner = keptRow(1, await picture(1), { phash: '000000000000000f' })
    const loser = (n: number, phash: string, reason: 'duplicate_near' | 'duplicate_exact'): PartRow => ({
      row: { ...rejectedRow(n, reason).row, phash, duplicateOf: winner.row.sha256 },
      image: null,
    })
    const rows = [
      winner,
      keptRow(2, await picture(2)),
      loser(3, '000000000000000c', 'duplicate_near'),
      loser(4, '000000000000000f', 'duplicate_exact'),
      { row: { ...rejectedRow(5, 'duplicate_near').row, duplicateOf: 'ab'.repeat(32) }, image: null },
    ]
    await executePlan({ store }, await planOfRows(store, [rows]), () => {}, calm)
    const { get } = await servedExplorer(store)
    expect((await get('/api/duplicates')).json).toMatchObject({
      ...{ total: 1, next: null },
      rows: [
        {
          winner: { caption: winner.row.caption },
          count: 2,
          losers: [
            { isExact: false, distance: 2, url: 'https://img.example/3.jpg' },
            { isExact: true, distance: 0 },
          ],
        },
      ],
    })
  })

  it('takes up what a run adds', async () => {
    const store = folderStore(await tempFolder())
    const add = async (plan: number, kept: number) =>
      executePlan(
        { store },
        await planOf(store, [{ kept, rejected: 0 }], { plan, firstShard: plan, shardSize: 10 }),
        () => {},
        calm,
      )
    await add(0, 2)
    const { get, clock, explored } = await servedExplorer(store)
    expect((await get('/api/state')).json).toMatchObject({ pairs: 2, shards: 1, version: 1 })
    await add(1, 3)
    expect((await get('/api/state')).json).toMatchObject({ pairs: 2, version: 1 })
    clock.ms += 100_000
    expect((await get('/api/state')).json).toMatchObject({ pairs: 5, shards: 2, version: 2 })
    await explored.vectorsRead()
    expect((await get('/api/state')).json.search).toMatchObject({ images: 5, of: 5 })
    expect((await get('/api/pairs?limit=10')).json.rows).toHaveLength(5)
  })

  it('shows nothing that was taken back, and selects for the commands that take it', async () => {
    const store = await compassSet()
    const dir = folderOf(store)
    const { get, post, clock } = await servedExplorer(store)
    const found = pairsIn(await get('/api/search?text=50&limit=2'))
    const wish = (form: string) =>
      post('/api/selection', JSON.stringify({ form, uids: uidsIn(found) }), {
        'content-type': 'application/json',
      })
    expect((await madeReport(get)).json.candidates.kept).toBe(12)
    const folder = await tempFolder()
    const [uids, retract] = [join(folder, 'uids.txt'), join(folder, 'retract.txt')]
    const answer = await wish('uids')
    expect(answer.headers['content-disposition']).toBe('attachment; filename="uids.txt"')
    await writeFile(uids, answer.text)
    await writeFile(retract, (await wish('retract')).text)

    const out = join(folder, 'curated')
    expect(await pairmill(['curate', dir, '--uids', uids, '--out', out])).toMatchObject({ code: 0 })
    const curated = await servedExplorer(folderStore(out))
    expect(uidsIn((await curated.get('/api/pairs')).json.rows)).toEqual(uidsIn(found))
    expect(await pairmill(['retract', dir, '--file', retract, '--reason', 'a test of it'])).toMatchObject({
      code: 0,
    })
    clock.ms += 2_000
    const keys = keysIn(found)
    for (const key of keys) {
      expect((await get(`/api/pair?key=${key}`)).status).toBe(410)
      expect((await get(`/api/picture?key=${key}`)).status).toBe(410)
      expect((await get(`/api/search?key=${key}`)).status).toBe(404)
    }
    const left = keysIn(pairsIn(await get('/api/search?text=50&limit=12')))
    expect(left).toHaveLength(10)
    expect(left.filter((key) => keys.includes(key))).toEqual([])
    expect((await get('/api/pairs?limit=12')).json).toMatchObject({ total: 10 })
    expect((await madeReport(get)).json.candidates.kept).toBe(10)
  })

  it('changes nothing in the dataset', async () => {
    const store = await compassSet()
    const before = await bytesUnder(folderOf(store))
    const { get } = await servedExplorer(store)
    await madeReport(get)
    for (const path of ['pairs', 'rejected', 'duplicates', 'reasons', 'search?text=1', 'state'])
      expect((await get(`/api/${path}`)).status, path).toBe(200)
    expect((await get('/api/live')).status).toBe(404)
    expect(await bytesUnder(folderOf(store))).toEqual(before)
  })

  it('opens a copy without .pairmill/, and one without embeddings, which has nothing to search', async () => {
    const store = await crawled(numbered(3, 1, () => ({ embeddings: null })))
    await rm(join(folderOf(store), '.pairmill'), { recursive: true })
    const { get } = await servedExplorer(store)
    expect((await get('/api/pairs')).json.total).toBe(3)
    expect(await get('/api/search?text=1')).toMatchObject({
      status: 409,
      json: { problem: 'there is nothing to search: no embeddings are committed in this dataset' },
    })
  })
})
