import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Backend, Progress, SourceCommit, SourceState } from '../../../src/backend/backend.js'
import { type ListSource, openSource, type SourceSkip, sourceName } from '../../../src/crawl/index.js'
import { fileDigest } from '../../../src/crawl/sources/file-digest.js'
import { checkSources, type IngestDeps, ingest, openSources } from '../../../src/run/ingest.js'
import { nothingRejected } from '../../../src/workers/index.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'
import { imageUrlOf } from '../../fixtures/workers/found.js'

const folder = mkdtempSync(join(tmpdir(), 'pairmill-feed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const calm = () => new AbortController().signal
/** No archive is read here. */
const readerOf = (source: ListSource) => ({
  source,
  reader: openSource(source, {} as Parameters<typeof openSource>[1]),
})

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

/** What the ingest asks of a backend: sources with their cursors, and how much waits. */
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
    sources: async () => [...states.values()],
    commitSource: async (commit: SourceCommit) => {
      const { cursor, ended } = states.get(commit.source)!
      if (cursor !== commit.from || ended) return { kind: 'elsewhere' as const, cursor, ended }
      states.set(commit.source, { source: commit.source, cursor: commit.to, ended: commit.ended })
      commits.push(commit)
      return { kind: 'committed' as const, batches: ['1'] }
    },
    progress: async () => ({ crawlWaits: false, standing: 'running', ended: null, ...waiting() }) as Progress,
  } as unknown as Backend
  const skipped: SourceSkip[] = []
  const shares: (number | null)[] = []
  const deps: IngestDeps = {
    run: 'run',
    backend,
    queue: { notify: async () => {} } as unknown as IngestDeps['queue'],
    batch: { batchSize: 256, batchAgeMs: 30_000, perHost: 32 },
    texts: defaultFilterOptions,
    rejects: nothingRejected,
    onSkipped: async (rows) => void skipped.push(...rows),
    onShare: (_, share) => void shares.push(share),
    now: () => 0,
  }
  const urls = () => commits.flatMap(({ candidates }) => candidates.map(imageUrlOf))
  const open = (...sources: ListSource[]) => openSources(backend, 'run', sources.map(readerOf))
  return { deps, states, commits, skipped, shares, urls, open }
}

const urlsOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `http://a.test/${from + n}.jpg`)

describe('feeding lists to a run', () => {
  it('gives every row once, in pieces, and names the bad ones', async () => {
    const { deps, commits, skipped, shares, urls, open } = desk()
    await ingest(deps, await open(listOf(1_234, [3, 700]), listOf(0)), calm())
    expect(shares.slice(2)).toEqual([1, 1])
    expect(urls()).toEqual(urlsOf(0, 1_234).filter((url) => !/\/(3|700)\.jpg/.test(url)))
    expect(skipped.map(({ at, reason }) => [at, reason])).toEqual([
      [{ line: 4 }, 'bad_url'],
      [{ line: 701 }, 'bad_url'],
    ])
    expect(commits.map(({ ended }) => ended)).toEqual([false, false, true, true])
    const rows = commits.map(({ counters }) => counters.rows ?? 0)
    expect(rows.reduce((a, b) => a + b)).toBe(1_234)
    expect(Math.max(...rows)).toBeLessThanOrEqual(500)
  })

  it('gives what texts reject with the reason, as pages do', async () => {
    const { deps, commits, open } = desk()
    const source = listOf(2)
    writeFileSync(source.path, 'http://a.test/1.jpg logo\nhttp://a.test/2.jpg a cat on a mat\n')
    await ingest(deps, await open(source), calm())
    const [logo, cat] = commits.flatMap(({ candidates }) => candidates)
    expect(logo).toMatchObject({
      texts: ['logo'],
      reject: { imageUrl: 'http://a.test/1.jpg', pageUrl: null, reason: 'caption_placeholder' },
    })
    expect(cat).toMatchObject({ host: 'a.test', body: { imageUrl: 'http://a.test/2.jpg' } })
  })

  it('goes on behind the last commit, as if it had never been stopped', async () => {
    const { deps, commits, states, urls, open } = desk()
    const source = listOf(1_200)
    const stop = new AbortController()
    const stopping = {
      ...deps,
      queue: { notify: async () => stop.abort() } as unknown as IngestDeps['queue'],
    }
    await ingest(stopping, await open(source), stop.signal)
    expect(commits).toHaveLength(1)
    await ingest(deps, await open(source), calm())
    expect(urls()).toEqual(urlsOf(0, 1_200))
    expect(states.get(sourceName(source))).toMatchObject({ ended: true })
    expect(await open(source)).toEqual([])
  })

  it('goes on where another reader has come to', async () => {
    const { deps, states, urls, open } = desk()
    const source = listOf(900)
    const opened = await open(source)
    const name = sourceName(source)
    const cursor = `600 ${await fileDigest(source.path)}`
    states.set(name, { source: name, cursor, ended: false })
    await ingest(deps, opened, calm())
    expect(urls()).toEqual(urlsOf(600, 900))
  })

  it('reads no further while the crawl would wait for the filters', async () => {
    let asked = 0
    const reachedAt: number[] = []
    const { deps, commits, open } = desk(() => {
      reachedAt.push(commits.length)
      // Full for three looks before the beginning and behind each commit.
      return { crawlWaits: asked++ % 4 < 3 }
    })
    await ingest(deps, await open(listOf(1_100)), calm())
    expect(reachedAt).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
    expect(commits).toHaveLength(3)
  })

  it('refuses a list that is not the one that was begun', async () => {
    const { deps, commits, open } = desk()
    const source = listOf(1_200)
    const stop = new AbortController()
    const stopping = {
      ...deps,
      queue: { notify: async () => stop.abort() } as unknown as IngestDeps['queue'],
    }
    await ingest(stopping, await open(source), stop.signal)
    writeFileSync(source.path, 'http://a.test/other.jpg Another')
    expect(await checkSources(deps.backend, 'run', false, [readerOf(source)], calm())).toEqual({
      kind: 'changed',
      message: expect.stringContaining(`${source.path} is not the list any more`),
    })
    expect(commits).toHaveLength(1)
  })

  it('commits what it has when the last commit is long ago, however little that is', async () => {
    const { deps, commits, open } = desk()
    let nowMs = 0
    await ingest({ ...deps, now: () => (nowMs += 3_000) }, await open(listOf(1_100)), calm())
    expect(commits.length).toBe(4)
  })

  it('reads nothing for a paused run, and ends where the run takes nothing any more', async () => {
    let standing: Progress['standing'] = 'paused'
    let looks = 0
    const { deps, commits, open } = desk(() => {
      if (++looks === 1) return {}
      if (looks === 4) standing = 'stopped'
      return { standing }
    })
    expect(await ingest(deps, await open(listOf(1_100)), calm())).toBe('over')
    expect(looks).toBe(4)
    expect(commits).toHaveLength(1)
    const ended = desk(() => ({ ended: 'max-pairs' }))
    expect(await ingest(ended.deps, await ended.open(listOf(1_100)), calm())).toBe('over')
    expect(ended.commits).toEqual([])
  })
})
