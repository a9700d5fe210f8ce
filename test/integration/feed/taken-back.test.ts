import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { namedOf, retract } from '../../../src/retract/index.js'
import { folderStore } from '../../../src/shard/index.js'
import { largeDataset } from '../../fixtures/feed/large-dataset.js'
import { fetched, serving, textsIn } from '../../fixtures/feed/serving.js'
import { heldOf, quiet } from '../../fixtures/retract/held.js'
import { tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const samples = 60

async function large(): Promise<string> {
  const dir = join(await tempFolder(), 'dataset')
  await largeDataset(dir, samples)
  return dir
}

/** Takes back the pairs of these pages. */
async function takeBack(dir: string, pages: readonly string[]): Promise<void> {
  const named = pages.map((page) => namedOf('page', page)).flatMap((one) => ('problem' in one ? [] : [one]))
  const wish = { named, reason: 'asked to', isDryRun: false, at: '2026-01-02T03:04:05.000Z' }
  expect(await retract(heldOf(folderStore(dir)), wish, quiet)).toMatchObject({ kind: 'retracted' })
}

/** Pages of the pairs of an epoch, in its order. */
const pagesOf = (tar: Buffer): string[] =>
  [...textsIn(tar, 'json').values()].map((text) => (JSON.parse(text) as { page_url: string }).page_url)

/** A client that asks and reads nothing until it is told to. */
function stalled(port: number): { readonly socket: Socket; readRest(): Promise<Buffer> } {
  const socket = connect(port, '127.0.0.1')
  socket.pause()
  socket.write('GET /epoch/0/0-of-1.tar HTTP/1.1\r\nhost: localhost\r\n\r\n')
  onTestFinished(() => void socket.destroy())
  return {
    socket,
    readRest: () =>
      new Promise((resolve) => {
        const chunks: Buffer[] = []
        const end = () => resolve(Buffer.concat(chunks))
        socket.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          // The last chunk of HTTP: the tar came whole.
          if (chunk.subarray(-7).toString('latin1') === '\r\n0\r\n\r\n') end()
        })
        socket.once('error', end)
        socket.once('close', end)
        socket.resume()
      }),
  }
}

describe('what is taken back while a client stalls', { timeout: 120_000 }, () => {
  it('is not sent where it had not been, though it was read already', async () => {
    const dir = await large()
    let nowMs = 0
    const server = await serving([dir], { now: () => nowMs, readsAtOnce: samples, bufferBytes: 2 ** 28 })
    const pages = pagesOf(await fetched(`${server.url}/epoch/0/0-of-1.tar`))
    const last = pages.at(-1)!
    const before = server.counts().samples
    const { readRest } = stalled(server.port)
    await expect.poll(() => server.counts().samples, { timeout: 20_000 }).toBeGreaterThan(before)
    await takeBack(dir, [last])
    // Where nobody has looked for so long, it is looked for before anything is sent.
    nowMs = 10_000
    const bytes = await readRest()
    const keys = keysIn(bytes)
    expect(keys).toBe(samples - 1)
    expect(bytes.includes(`"${last}"`)).toBe(false)
    expect(bytes.includes(`"${pages[0]}"`)).toBe(true)
  })

  it('breaks the connection where it waits in this machine, and what waits there never comes', async () => {
    const dir = await large()
    const server = await serving([dir], { readsAtOnce: samples, bufferBytes: 2 ** 28 })
    const pages = pagesOf(await fetched(`${server.url}/epoch/0/0-of-1.tar`))
    const before = server.counts()
    const { readRest } = stalled(server.port)
    let sent = -1
    // Until the connection takes no more.
    await expect
      .poll(
        () => {
          const now = server.counts().samples - before.samples
          const isStill = now === sent && now > 0
          sent = now
          return isStill
        },
        { interval: 300, timeout: 20_000 },
      )
      .toBe(true)
    const waiting = pages[sent - 1]!
    const { bytes: written } = server.counts()
    await takeBack(dir, [waiting])
    await expect.poll(() => server.counts().streams, { timeout: 20_000 }).toBe(0)
    const bytes = await readRest()
    expect(sent).toBeLessThan(samples)
    expect(bytes.includes(`"${waiting}"`)).toBe(false)
    expect(bytes.length).toBeLessThan(written - before.bytes)
    const left = pagesOf(await fetched(`${server.url}/epoch/0/0-of-1.tar`))
    expect(left).toEqual(pages.filter((page) => page !== waiting))
  })
})

const keysIn = (bytes: Buffer): number =>
  new Set([...bytes.toString('latin1').matchAll(/(\d{7,})\.txt\0/g)].map(([, key]) => key)).size
