import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDataset } from '../../../src/library/index.js'
import { entriesOf, newOut, pairmill, pairsOf, problemsOf } from '../../fixtures/run/pairmill.js'
import { takesSmall } from '../../fixtures/run/pictures.js'
import { serveTree } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const host = 'site.test'
let web: TestWeb
let wanted: string[]

beforeAll(async () => {
  web = await startTestWeb()
  wanted = await serveTree(web, host, 31, 0)
}, 60_000)
afterAll(() => web.close())

const words = (out: string, ...more: string[]): string[] => [
  ...['run', `http://${host}/`, '--out', out, '--model', 'none', '--dedupe', 'off'],
  ...['--batch-size', '4', '--shard-size', '10', '--delay-ms', '10'],
  ...takesSmall,
  ...web.words,
  ...more,
]

describe('a job that is fed', { timeout: 300_000 }, () => {
  it('reads its epoch to the end while a run adds shards, and has those from the next epoch on', async () => {
    const out = newOut()
    expect((await pairmill(words(out, '--max-pages', '15'))).code).toBe(0)
    const first = await pairsOf(out)
    const shards = (await entriesOf(out)).length
    const dataset = await openDataset(out, { windowShards: 2, readsAtOnce: 2 })
    const read: string[] = []
    for await (const { caption, record } of dataset) {
      read.push(`${record.url} ${caption}`)
      if (read.length === 7) expect((await pairmill(words(out))).code).toBe(0)
    }
    expect(read.toSorted()).toEqual(first)
    expect((await entriesOf(out)).length).toBeGreaterThan(shards)
    const state = dataset.state()
    await dataset.close()
    expect(state).toMatchObject({ epoch: 1, place: 0 })

    const next = await openDataset(out, { state })
    const all: string[] = []
    for await (const { caption, record } of next) all.push(`${record.url} ${caption}`)
    await next.close()
    expect(all.toSorted()).toEqual(wanted)
    expect(await problemsOf(out)).toEqual([])
  })
})
