import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type Download,
  type DownloadProgress,
  download,
  type HubDeps,
} from '../../../../src/filter/clip/hub.js'
import { type HubServer, type Mishap, startHub } from '../../../fixtures/filter/clip/hub-server.js'
import { temporaryFolder } from '../../../fixtures/filter/clip/small-model.js'

const content = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 2_654_435_761) >>> 24)
const never = new AbortController().signal
let hub: HubServer | null = null
afterEach(async () => {
  await hub?.close()
  hub = null
})

const isContent = async (path: string) =>
  Buffer.compare(readFileSync(path), content) === 0 ? null : 'is another'

async function start(mishaps: Mishap[], changes: Partial<Download> & Partial<HubDeps> = {}) {
  const tokens: (string | undefined)[] = []
  hub = await startHub({ '/file': content }, { '/file': mishaps }, (r) =>
    tokens.push(r.headers.authorization),
  )
  const progress: DownloadProgress[] = []
  const deps: HubDeps = {
    fetch,
    token: changes.token ?? null,
    onProgress: (p) => progress.push(p),
    retryDelaysMs: [1, 1, 1],
    stallMs: changes.stallMs ?? 30_000,
  }
  const path = join(temporaryFolder(), 'deep/file')
  const wanted: Download = { url: `${hub.url}/file`, path, resume: true, accept: isContent, ...changes }
  return { deps, wanted, path, progress, tokens, requests: hub.requests }
}

describe('a download', () => {
  test('lands whole under its name, says how far it is, and leaves nothing else behind', async () => {
    const { deps, wanted, path, progress, tokens } = await start([], { token: 'hf_x' })
    expect(await download(deps, wanted, never)).toEqual({ kind: 'stored' })
    expect(readdirSync(join(path, '..'))).toEqual(['file'])
    const received = progress.map((p) => p.receivedBytes)
    expect(received.at(0)).toBe(0)
    expect(received.at(-1)).toBe(content.length)
    expect(received).toEqual([...received].sort((a, b) => a - b))
    expect(progress.every((p) => p.totalBytes === content.length)).toBe(true)
    expect(tokens).toEqual(['Bearer hf_x'])
  })

  test('goes on where the connection was cut', async () => {
    const { deps, wanted, requests } = await start([
      { kind: 'cut', afterBytes: 1_000_000 },
      { kind: 'status', status: 503 },
      { kind: 'cut', afterBytes: 500_000 },
    ])
    expect(await download(deps, wanted, never)).toEqual({ kind: 'stored' })
    expect(requests).toHaveLength(4)
    expect(requests[0]).toBe('/file')
    for (const request of requests.slice(1)) expect(request).toMatch(/^\/file bytes=[1-9]/)
  })

  test('goes on where a killed process stopped, also when only the last step was missing', async () => {
    for (const have of [10, content.length]) {
      const { deps, wanted, path, requests } = await start([])
      await download(deps, { ...wanted, url: `${wanted.url}-absent` }, never)
      writeFileSync(`${path}.part`, content.subarray(0, have))
      expect(await download(deps, wanted, never)).toEqual({ kind: 'stored' })
      expect(requests.at(-1)).toBe(`/file bytes=${have}-`)
      await hub?.close()
    }
  })

  test('starts over where the hub does not honour ranges', async () => {
    const { deps, wanted } = await start([{ kind: 'cut', afterBytes: 400_000 }, { kind: 'whole' }])
    expect(await download(deps, wanted, never)).toEqual({ kind: 'stored' })
  })

  test('does not continue a file of which nothing is pinned', async () => {
    const { deps, wanted, path, requests } = await start([], { resume: false })
    await download(deps, { ...wanted, url: `${wanted.url}-absent` }, never)
    writeFileSync(`${path}.part`, 'an older version')
    expect(await download(deps, wanted, never)).toEqual({ kind: 'stored' })
    expect(requests.at(-1)).toBe('/file')
  })

  test('that is silent too long is cut and continued', async () => {
    const { deps, wanted, requests } = await start([{ kind: 'stall', afterBytes: 100_000 }], { stallMs: 300 })
    expect(await download(deps, wanted, never)).toEqual({ kind: 'stored' })
    expect(requests).toHaveLength(2)
  })

  test('with other content is thrown away and never gets its name', async () => {
    const { deps, wanted, path } = await start([], { accept: async () => 'its SHA-256 is wrong' })
    expect(await download(deps, wanted, never)).toEqual({
      kind: 'unacceptable',
      detail: 'its SHA-256 is wrong',
    })
    expect(readdirSync(join(path, '..'))).toEqual([])
  })

  test('that the hub refuses is not tried again', async () => {
    for (const status of [401, 403, 404]) {
      const { deps, wanted, requests } = await start([{ kind: 'status', status }])
      expect(await download(deps, wanted, never)).toEqual({ kind: 'refused', detail: `HTTP ${status}` })
      expect(requests).toHaveLength(1)
      await hub?.close()
    }
  })

  test('of which nothing comes is given up after the last wait', async () => {
    const down: Mishap[] = Array.from({ length: 9 }, () => ({ kind: 'status', status: 500 }))
    const { deps, wanted, requests } = await start(down)
    expect(await download(deps, wanted, never)).toEqual({ kind: 'unreachable', detail: 'HTTP 500' })
    expect(requests).toHaveLength(4)
    await hub?.close()
    const outcome = await download(deps, wanted, never)
    expect(outcome).toEqual({ kind: 'unreachable', detail: expect.stringMatching(/ECONNREFUSED/) })
  })

  test('can be cancelled, keeps what it has, and lets the next one in', async () => {
    const { deps, wanted, path, progress } = await start([{ kind: 'stall', afterBytes: 1_500_000 }])
    const stop = new AbortController()
    const running = download(deps, { ...wanted }, stop.signal)
    await expect.poll(() => progress.at(-1)?.receivedBytes ?? 0).toBeGreaterThanOrEqual(1_000_000)
    stop.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
    expect(existsSync(path)).toBe(false)
    expect(await download(deps, wanted, never)).toEqual({ kind: 'stored' })
  })
})

describe('several downloads of one file', () => {
  test('fetch it once', async () => {
    const { deps, wanted, requests } = await start([])
    const outcomes = await Promise.all([1, 2, 3].map(() => download(deps, wanted, never)))
    expect(outcomes).toEqual(Array.from({ length: 3 }, () => ({ kind: 'stored' })))
    expect(requests).toHaveLength(1)
  })

  test('do not wait for a process that is dead, here or elsewhere', async () => {
    const dead = `${hostname()} 4194305`
    for (const [holder, ageMs] of [
      [dead, 0],
      ['another-machine 1', 120_000],
    ] as const) {
      const { deps, wanted, path } = await start([])
      await download(deps, { ...wanted, url: `${wanted.url}-absent` }, never)
      writeFileSync(`${path}.lock`, `${holder}\n`)
      const touched = (Date.now() - ageMs) / 1_000
      utimesSync(`${path}.lock`, touched, touched)
      expect(await download(deps, wanted, never)).toEqual({ kind: 'stored' })
      await hub?.close()
    }
  })

  test('the content is what was served', async () => {
    const { deps, wanted, path } = await start([])
    await download(deps, wanted, never)
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    expect(sha256(readFileSync(path))).toBe(sha256(content))
  })
})
