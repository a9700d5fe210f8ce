import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FeedPlace } from '../../../src/feed/index.js'
import { answerTo, fetched, keysOf, membersIn, serving, textsIn } from '../../fixtures/feed/serving.js'
import { hostsDataset } from '../../fixtures/retract/hosts-dataset.js'
import { tempFolder } from '../../fixtures/shard/dataset-fixture.js'

async function folder(plans = 2): Promise<string> {
  const dir = join(await tempFolder(), 'dataset')
  await hostsDataset(dir, plans)
  return dir
}

const two = (rank: number, world: number) =>
  `${String(rank).padStart(5, '0')}-of-${String(world).padStart(5, '0')}.tar`

const partsOf = (url: string, world: number, query = '') =>
  Promise.all(
    Array.from({ length: world }, (_, rank) => keysOf(`${url}/epoch/0/${two(rank, world)}${query}`)),
  )

describe('the server of tars', () => {
  it('cuts an epoch into any number of parts, which hold every pair once between them', async () => {
    const { url } = await serving([await folder()])
    const [whole = []] = await partsOf(url, 1)
    expect(new Set(whole).size).toBe(whole.length)
    for (const world of [1, 4, 6]) {
      const parts = await partsOf(url, world)
      for (let step = 0; step < whole.length / world; step++) {
        const joined = parts.flatMap((keys) => keys.slice(step, step + 1))
        expect(joined).toEqual(whole.slice(step * world, (step + 1) * world))
      }
    }
    const { status, headers } = await answerTo(`${url}/epoch/0/${two(1, 4)}`, { method: 'HEAD' })
    expect([status, headers['pairmill-samples']]).toEqual([200, String(whole.length)])
  })

  it('goes on from the state of any sample, with another number of parts', async () => {
    const { url } = await serving([await folder()])
    const [whole = []] = await partsOf(url, 1)
    const tar = await fetched(`${url}/epoch/0/${two(0, 4)}?state=1`)
    expect(
      membersIn(tar)
        .slice(0, 4)
        .map(({ name }) => name.split('.')[1]),
    ).toEqual(['jpg', 'json', 'txt', 'state'])
    const states = [...textsIn(tar, 'state').values()]
    for (const [taken, state] of states.entries()) {
      const { epoch } = JSON.parse(state) as { epoch: number }
      if (epoch === 1) continue
      const rest = await partsOf(url, 3, `?from=${encodeURIComponent(state)}`)
      expect(rest.flat().toSorted()).toEqual(whole.slice(4 * (taken + 1)).toSorted())
    }
    expect(states.length).toBe(Math.ceil(whole.length / 4))
  })

  it('gives every pair of several datasets once, by names of their own', async () => {
    const dirs = [await folder(1), await folder(2)]
    const { url } = await serving(dirs)
    const [whole = []] = await partsOf(url, 1)
    expect(new Set(whole).size).toBe(whole.length)
    const alone = await Promise.all(
      dirs.map(async (dir) => (await partsOf((await serving([dir])).url, 1))[0]!),
    )
    const expected = alone.flatMap((keys, source) => keys.map((key) => `${source}-${key}`))
    expect(whole.toSorted()).toEqual(expected.toSorted())
    expect((await partsOf(url, 3)).flat().toSorted()).toEqual(expected.toSorted())
  })

  it('keeps the place of the parts of a job, over its own life, for another number of them too', async () => {
    const dir = await folder()
    const { url, stateDir, close } = await serving([dir])
    const [whole = []] = await partsOf(url, 1)
    const [second = []] = [await keysOf(`${url}/epoch/1/${two(0, 1)}`)]
    const next = (base: string, rank: number, world: number) =>
      keysOf(`${base}/epoch/next/${two(rank, world)}`)
    expect((await Promise.all([0, 1].map((rank) => next(url, rank, 2)))).flat().toSorted()).toEqual(
      whole.toSorted(),
    )
    const { text } = await answerTo(`${url}/state?world=2`)
    expect(JSON.parse(text)).toMatchObject({ epoch: 1, place: 0 })
    expect((await next(url, 0, 2)).length).toBe(Math.ceil(second.length / 2))
    await close()
    // The other part has sent nothing of this epoch.
    const again = await serving([dir], { stateDir })
    expect(await next(again.url, 0, 1)).toEqual(second)
  })

  it('goes on where a client says that it has come', async () => {
    const { url } = await serving([await folder()])
    const [whole = []] = await partsOf(url, 1)
    const states = [...textsIn(await fetched(`${url}/epoch/0/${two(0, 2)}?state=1`), 'state').values()]
    const put = await answerTo(`${url}/state?world=2`, { method: 'PUT', body: states[2]! })
    expect(put.status).toBe(200)
    for (const _ of [0, 1]) {
      const parts = await Promise.all([0, 1].map((rank) => keysOf(`${url}/epoch/next/${two(rank, 2)}`)))
      expect(parts.flat().toSorted()).toEqual(whole.slice(6).toSorted())
    }
    const wrong = await answerTo(`${url}/state?world=2`, { method: 'PUT', body: 'x'.repeat(20_000) })
    expect([wrong.status, wrong.text]).toEqual([400, 'the state is longer than any\n'])
    const other = await answerTo(`${url}/state?world=2&seed=9`, { method: 'PUT', body: states[0]! })
    expect([other.status, other.text]).toEqual([400, "the state has the seed '0': ask /state?seed=0\n"])
  })

  it('begins all parts of an epoch alike, though shards came between them, and takes those up at the next', async () => {
    const dir = await folder()
    const { url, stateDir, close } = await serving([dir])
    const whole = (await partsOf(url, 1)).flat()
    const first = await keysOf(`${url}/epoch/1/${two(0, 2)}`)
    await hostsDataset(dir, 3)
    await close()
    const again = await serving([dir], { stateDir })
    const second = await keysOf(`${again.url}/epoch/1/${two(1, 2)}`)
    expect([...first, ...second].toSorted()).toEqual(whole.toSorted())
    expect((await keysOf(`${again.url}/epoch/2/${two(0, 1)}`)).length).toBeGreaterThan(whole.length)
  })

  it('answers in words what it cannot do', async () => {
    const { url } = await serving([await folder(1)], { maxStreams: 0 })
    const answers = async (path: string, options = {}) => {
      const { status, text } = await answerTo(`${url}${path}`, options)
      return `${status} ${text}`
    }
    expect(await answers(`/epoch/0/${two(0, 1)}`)).toMatch(/^503 0 tars are being sent/)
    const other = await serving([await folder(1)])
    const state = {
      v: 2,
      seed: '0',
      epoch: 0,
      place: 2,
      sources: [1, 1].map((place) => ({ shards: 1, windowShards: 1, place })),
    }
    const asked = (query: string) => answerTo(`${other.url}/epoch/0/${two(0, 1)}?${query}`)
    expect((await asked(`from=${JSON.stringify(state)}`)).text).toContain(
      'give those of the job, in their order',
    )
    expect(await asked('where=x')).toMatchObject({
      status: 400,
      text: 'where: no condition can be asked here\n',
    })
    expect(await asked('split=val')).toMatchObject({
      status: 400,
      text: expect.stringContaining('holds no dataset'),
    })
    expect(await answers('/', { headers: { host: 'evil.example' } })).toMatch(/^403 the host 'evil.example'/)
    expect(await answers('/', { headers: { origin: 'https://evil.example' } })).toMatch(/^403 /)
    expect(await answers('/')).toMatch(/^200 \d+ pairs/)
    expect(await answers('/', { method: 'DELETE' })).toMatch(/^405 /)
  })

  it('breaks the connection where a sample cannot be read, and never ends the tar as if it were whole', async () => {
    const dir = await folder()
    let reads = 0
    const failing = (place: FeedPlace): FeedPlace => ({
      ...place,
      async readRange(name, range, signal) {
        if (name.endsWith('.tar') && reads++ > 9) throw new Error('the disk is gone')
        return await place.readRange(name, range, signal)
      },
    })
    const { url, notes } = await serving([dir], { around: failing, bufferBytes: 0 })
    const answer = await fetch(`${url}/epoch/0/${two(0, 1)}`)
    expect(answer.status).toBe(200)
    await expect(answer.arrayBuffer()).rejects.toThrow('terminated')
    expect(notes).toEqual(['a tar was broken off: the disk is gone'])
    const { status, text } = await answerTo(`${url}/epoch/1/${two(0, 1)}`)
    expect([status, text]).toEqual([500, 'the disk is gone\n'])
  })
})
