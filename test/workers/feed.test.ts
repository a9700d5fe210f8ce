import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ListSource } from '../../src/crawl/index.js'
import type { Backend, Progress, SourceCommit, SourceState } from '../../src/workers/backend/backend.js'
import { type FeedDeps, feed, openSources, type SkippedRow, sourceName } from '../../src/workers/feed.js'

const folder = mkdtempSync(join(tmpdir(), 'pairmill-feed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let lists = 0
function listOf(rows: number, bad: readonly number[] = []): ListSource {
  const path = join(folder, `${lists++}.txt`)
  const lines = Array.from({ length: rows }, (_, n) =>
    bad.includes(n) ? 'nothing' : `http://a.test/${n}.jpg ${n}`,
  )
  writeFileSync(path, lines.join('\n'))
  const columns = { url: 'url', caption: 'caption', page: null, licence: null }
  return { kind: 'list', path, format: 'txt', gzip: false, columns }
}

/** What the feed asks of a backend: sources with their cursors, and how much waits. */
function desk(waiting: () => Partial<Progress> = () => ({})) {
  const states = new Map<string, SourceState>()
  const commits: SourceCommit[] = []
  const backend = {
    openSources: async (_: string, names: readonly string[]) =>
      names.map((source) => {
        const state = states.get(source) ?? { source, cursor: '', ended: false }
        states.set(source, state)
        return state
      }),
    commitSource: async (commit: SourceCommit) => {
      const { cursor, ended } = states.get(commit.source)!
      if (cursor !== commit.from || ended) return { kind: 'elsewhere' as const, cursor, ended }
      states.set(commit.source, { source: commit.source, cursor: commit.to, ended: commit.ended })
      commits.push(commit)
      return { kind: 'committed' as const, batches: [] }
    },
    progress: async () => ({ buffered: 0, batchesOpen: 0, ...waiting() }) as Progress,
  } as unknown as Backend
  const skipped: SkippedRow[] = []
  const deps: FeedDeps = {
    run: 'run',
    backend,
    bells: { ring: async () => {} } as unknown as FeedDeps['bells'],
    batch: { batchSize: 256, batchAgeMs: 30_000, perHost: 32 },
    onSkipped: async (_, rows) => void skipped.push(...rows),
  }
  const urls = () => commits.flatMap(({ candidates }) => candidates.map(({ body }) => body.imageUrl))
  const open = async (...sources: ListSource[]) => {
    const opened = await openSources(backend, 'run', sources)
    if ('message' in opened) throw new Error(opened.message)
    return opened.open
  }
  return { deps, states, commits, skipped, urls, open }
}

const calm = () => new AbortController().signal
const urlsOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `http://a.test/${from + n}.jpg`)

describe('feeding lists to a run', () => {
  it('gives every row once, in pieces, and names the bad ones', async () => {
    const { deps, commits, skipped, urls, open } = desk()
    await feed(deps, await open(listOf(1_234, [3, 700]), listOf(0)), calm())
    expect(urls()).toEqual(urlsOf(0, 1_234).filter((url) => !/\/(3|700)\.jpg/.test(url)))
    expect(skipped.map(({ line, reason }) => [line, reason])).toEqual([
      [4, 'bad_url'],
      [701, 'bad_url'],
    ])
    expect(commits.map(({ ended }) => ended)).toEqual([false, false, true, true])
    const rows = commits.map(({ counters }) => counters.rows ?? 0)
    expect(rows.reduce((a, b) => a + b)).toBe(1_234)
    expect(Math.max(...rows)).toBeLessThanOrEqual(500)
  })

  it('goes on behind the last commit, as if it had never been stopped', async () => {
    const { deps, commits, states, urls, open } = desk()
    const source = listOf(1_200)
    const stop = new AbortController()
    const stopping = { ...deps, bells: { ring: async () => stop.abort() } as unknown as FeedDeps['bells'] }
    await feed(stopping, await open(source), stop.signal)
    expect(commits).toHaveLength(1)
    await feed(deps, await open(source), calm())
    expect(urls()).toEqual(urlsOf(0, 1_200))
    expect(states.get(sourceName(source))).toMatchObject({ ended: true })
    expect(await open(source)).toEqual([])
  })

  it('goes on where another reader has come to', async () => {
    const { deps, states, urls, open } = desk()
    const source = listOf(900)
    const opened = await open(source)
    const cursor = `600 ${opened[0]!.digest}`
    states.set(sourceName(source), { source: sourceName(source), cursor, ended: false })
    await feed(deps, opened, calm())
    expect(urls()).toEqual(urlsOf(600, 900))
  })

  it('reads no further while enough waits to be judged', async () => {
    let asked = 0
    const reachedAt: number[] = []
    const { deps, commits, open } = desk(() => {
      reachedAt.push(commits.length)
      // Full for three looks behind each commit.
      return asked++ % 4 < 3 ? { buffered: 100_000 } : { batchesOpen: 1 }
    })
    await feed(deps, await open(listOf(1_100)), calm())
    expect(reachedAt).toEqual([1, 1, 1, 1, 2, 2, 2, 2])
    expect(commits).toHaveLength(3)
  })

  it('refuses a list that is not the one that was begun', async () => {
    const { deps, commits, open } = desk()
    const source = listOf(1_200)
    const stop = new AbortController()
    const stopping = { ...deps, bells: { ring: async () => stop.abort() } as unknown as FeedDeps['bells'] }
    await feed(stopping, await open(source), stop.signal)
    writeFileSync(source.path, 'http://a.test/other.jpg Another')
    expect(await openSources(deps.backend, 'run', [source])).toEqual({
      message: expect.stringContaining(`${source.path} is not the list any more`),
    })
    expect(commits).toHaveLength(1)
  })
})
