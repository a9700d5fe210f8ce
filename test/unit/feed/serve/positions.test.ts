import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FeedState } from '../../../../src/feed/index.js'
import { Positions } from '../../../../src/feed/serve/positions.js'
import { tempFolder } from '../../../fixtures/shard/dataset-fixture.js'

const at = (place: number, epoch = 0): FeedState => ({
  ...{ v: 2, seed: '0', epoch, place },
  sources: [{ shards: 5, windowShards: 2, place }],
})

async function opened(dir?: string) {
  const folder = dir ?? join(await tempFolder(), 'feed')
  const positions = new Positions(folder)
  await positions.open()
  return { positions, folder }
}

describe('positions of the parts of an order', () => {
  it('are kept over the life of the server, each part where it came to', async () => {
    const { positions, folder } = await opened()
    expect(await positions.next('o', 0, 2)).toBe(null)
    await positions.sent('o', 0, 2, at(8))
    await positions.sent('o', 1, 2, at(6))
    await positions.write()
    const { positions: again } = await opened(folder)
    expect([await again.next('o', 0, 2), await again.next('o', 1, 2)]).toEqual([at(8), at(6)])
    expect(await again.state('o', null, 2)).toEqual(at(6))
    expect(await again.state('o', 0, 2)).toEqual(at(8))
    expect(await again.state('o', null, 3)).toBe(null)
    expect(await again.next('other', 0, 2)).toBe(null)
  })

  it('are those of the last part where there is another number of them, and old parts move nothing then', async () => {
    const { positions } = await opened()
    await positions.next('o', 0, 2)
    await positions.sent('o', 0, 2, at(0, 1))
    await positions.sent('o', 1, 2, at(30))
    expect([await positions.next('o', 2, 3), await positions.next('o', 0, 3)]).toEqual([at(30), at(30)])
    await positions.sent('o', 1, 2, at(40))
    expect(await positions.state('o', null, 3)).toEqual(at(30))
  })

  it('are the beginning while a part has not begun', async () => {
    const { positions } = await opened()
    await positions.next('o', 0, 2)
    await positions.sent('o', 0, 2, at(8))
    expect(await positions.state('o', null, 2)).toBe(null)
  })

  it('are what a client says, from then on, and not what is sent', async () => {
    const { positions, folder } = await opened()
    await positions.next('o', 0, 2)
    await positions.acknowledge('o', 0, 2, at(4))
    await positions.sent('o', 0, 2, at(20))
    await positions.sent('o', 1, 2, at(20))
    expect(await positions.state('o', null, 2)).toEqual(at(4))
    await positions.acknowledge('o', null, 3, at(10))
    const { positions: again } = await opened(folder)
    expect([await again.next('o', 0, 3), await again.next('o', 2, 3)]).toEqual([at(10), at(10)])
  })

  it('tell the shards with which an epoch began, and nothing of the condition', async () => {
    const { positions, folder } = await opened()
    const order = JSON.stringify(['0', null, "page_host = 'secret.example'"])
    expect(await positions.begun(order, 0)).toBe(null)
    for (let epoch = 0; epoch < 6; epoch++) await positions.begin(order, epoch, [epoch])
    const { positions: again } = await opened(folder)
    expect([await again.begun(order, 0), await again.begun(order, 5)]).toEqual([null, [5]])
    const [name = '', ...others] = await readdir(folder)
    expect(others).toEqual([])
    expect(await readFile(join(folder, name), 'utf8')).not.toContain('secret')
    await writeFile(join(folder, name), '{"v":2}')
    const { positions: third } = await opened(folder)
    await expect(third.begun(order, 5)).rejects.toThrow('remove it to begin anew')
  })
})
