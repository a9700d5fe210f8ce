import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { developPicture } from '../../../src/filter/develop.js'
import {
  createDevelopThreads,
  type Developed,
  type DevelopOutcome,
  type DevelopThreads,
  type Recipe,
} from '../../../src/filter/index.js'
import { sceneOf } from '../../fixtures/filter/hostile.js'
import { defaultFilterOptions, inputOf } from '../../fixtures/filter/options.js'

const never = new AbortController().signal
const recipe: Recipe = {
  limits: defaultFilterOptions,
  stored: defaultFilterOptions,
  preprocessing: inputOf(64),
}
const folder = mkdtempSync(join(tmpdir(), 'develop-'))
let opened: DevelopThreads[] = []
let pictures: Buffer[]

beforeAll(async () => {
  pictures = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      sceneOf(300 + 10 * i, 240)
        .jpeg()
        .toBuffer(),
    ),
  )
})
afterEach(async () => {
  await Promise.all(opened.map(({ close }) => close()))
  opened = []
})
afterAll(() => rm(folder, { recursive: true }))

function threads(
  options: { readonly script?: string; readonly deadlineMs?: number; readonly atOnce?: number } = {},
) {
  const { script, atOnce = 4, ...rest } = options
  let path = ''
  if (script !== undefined) {
    path = join(folder, `${script.length}.mjs`)
    writeFileSync(path, `import { parentPort } from 'node:worker_threads'\n${script}`)
  }
  const made = createDevelopThreads({
    atOnce,
    ...rest,
    ...(script === undefined ? {} : { scriptOf: () => path }),
  })
  opened.push(made)
  return made
}

const plain = (outcome: DevelopOutcome) => {
  const { stored, pixels, ...facts } = outcome as Developed
  return { ...facts, ...stored, bytes: Buffer.from(stored.bytes), pixels: Buffer.from(pixels ?? []) }
}
const copyOf = (bytes: Uint8Array) => new Uint8Array(bytes)

describe('a picture that is developed in a thread', () => {
  it('is what it is in process, whatever else is developed at the same time', async () => {
    const { develop } = threads()
    const there = await Promise.all(pictures.map((bytes) => develop(copyOf(bytes), recipe, never)))
    for (const [i, bytes] of pictures.entries())
      expect(plain(there[i]!)).toEqual(plain(await developPicture(bytes, recipe, never)))
  })

  it('is refused with its reason and the sha256 of its bytes', async () => {
    const cut = pictures[0]!.subarray(0, 4_000)
    expect(await threads().develop(copyOf(cut), recipe, never)).toEqual(
      await developPicture(cut, recipe, never),
    )
  })

  it('has its bytes given away, and those beside them left alone', async () => {
    const { develop } = threads()
    const own = copyOf(pictures[0]!)
    await develop(own, recipe, never)
    expect(own.length).toBe(0)
    const shared = new Uint8Array(pictures[0]!.length + 10).fill(7)
    shared.set(pictures[0]!, 5)
    expect(await develop(shared.subarray(5, -5), recipe, never)).toHaveProperty('stored')
    expect(shared.subarray(-5)).toEqual(new Uint8Array(5).fill(7))
  })

  it('is lost with its thread, and so is what that worked on beside it; the next one has another', async () => {
    // Dies of the second picture that a thread is given, and answers none.
    const script = 'let n = 0; parentPort.on("message", () => { if (++n === 2) process.exit(3) })'
    const { develop } = threads({ script, atOnce: 2 })
    for (let round = 0; round < 3; round++)
      expect(
        await Promise.all(pictures.slice(0, 2).map((bytes) => develop(copyOf(bytes), recipe, never))),
      ).toEqual([{ reason: 'lost' }, { reason: 'lost' }])
  })

  it.each([
    ['throws', 'parentPort.on("message", () => { throw new Error("no") })'],
    [
      'needs more memory than it may have',
      'const a = []; parentPort.on("message", () => { for (;;) a.push(new Array(1e5).fill({})) })',
    ],
  ])('is lost where its thread %s', async (_, script) => {
    expect(await threads({ script }).develop(copyOf(pictures[0]!), recipe, never)).toEqual({ reason: 'lost' })
  })

  it('is lost where it takes longer than any may', async () => {
    const { develop } = threads({ script: 'parentPort.on("message", () => { for (;;); })', deadlineMs: 200 })
    expect(await develop(copyOf(pictures[0]!), recipe, never)).toEqual({ reason: 'lost' })
  })

  it('is let go of when it is called off, and leaves its thread to others', async () => {
    const { develop } = threads({ atOnce: 1 })
    const abort = new AbortController()
    const reason = new Error('lease lost')
    const called = develop(copyOf(pictures[0]!), recipe, abort.signal)
    abort.abort(reason)
    await expect(called).rejects.toBe(reason)
    await expect(async () => develop(copyOf(pictures[0]!), recipe, abort.signal)).rejects.toBe(reason)
    expect(await develop(copyOf(pictures[1]!), recipe, never)).toHaveProperty('stored')
  })

  it('is lost when the threads are closed', async () => {
    const { develop, close } = threads({ script: 'parentPort.on("message", () => {})' })
    const developed = develop(copyOf(pictures[0]!), recipe, never)
    await close()
    expect(await developed).toEqual({ reason: 'lost' })
  })

  it('is a bug where its thread says so', async () => {
    const script = 'parentPort.on("message", ({ id }) => parentPort.postMessage({ id, failed: "odd" }))'
    await expect(threads({ script }).develop(copyOf(pictures[0]!), recipe, never)).rejects.toThrow(
      'could not be developed: odd',
    )
  })
})
