import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { python } from '../../fixtures/docs/python.js'
import { lacksTorch, printed } from '../../fixtures/feed/python.js'
import { fetched, keysOf, serving, textsIn } from '../../fixtures/feed/serving.js'
import { hostsDataset } from '../../fixtures/retract/hosts-dataset.js'
import { tempFolder } from '../../fixtures/shard/dataset-fixture.js'

async function folder(plans = 3): Promise<string> {
  const dir = join(await tempFolder(), 'dataset')
  await hostsDataset(dir, plans)
  return dir
}

/** Batches of some passes, stopped behind `most` batches of the last one, and the state after the last one. */
const batches = `
import json, sys
from torch.utils.data import DataLoader
from pairmill_feed import PairmillFeed

def main():
    url, wish = sys.argv[1], json.loads(sys.argv[2])
    feed = PairmillFeed(url, rank=wish.get('rank', 0), world=wish.get('world', 1), batch_size=4, state=wish.get('state'))
    loader = DataLoader(feed, batch_size=4, num_workers=wish['workers'], collate_fn=feed.collate)
    passes, state = [], wish.get('state')
    for _ in range(wish.get('passes', 1)):
        batches = []
        for batch in loader:
            batches.append(batch['key'])
            state = feed.state_after(batch)
            if len(batches) == wish.get('most'):
                break
        passes.append(batches)
    print(json.dumps({'passes': passes, 'state': state}))

if __name__ == '__main__':
    main()
`

interface Read {
  readonly passes: readonly (readonly (readonly string[])[])[]
  readonly state: unknown
}

describe.skipIf(lacksTorch !== null)(
  `pairmill_feed.py${lacksTorch === null ? '' : ` (skipped: ${lacksTorch})`}`,
  { timeout: 240_000 },
  () => {
    it('gives every pair of each epoch once, in the same batches for any number of workers', async () => {
      const { url } = await serving([await folder()])
      const [first, second] = await Promise.all(
        [0, 1].map((epoch) => keysOf(`${url}/epoch/${epoch}/00000-of-00001.tar`)),
      )
      for (const workers of [0, 2, 4]) {
        const { passes } = (await printed(batches, url, JSON.stringify({ workers, passes: 2 }))) as Read
        expect(passes.map((pass) => pass.flat())).toEqual([first, second])
      }
    })

    it('goes on in the middle with other ranks and workers: none lost, none twice', async () => {
      const { url } = await serving([await folder()])
      const all = await keysOf(`${url}/epoch/0/00000-of-00001.tar`)
      let state: unknown = null
      const given: string[] = []
      for (const [world, workers, most] of [
        [1, 2, 3],
        [2, 4, 2],
        [3, 0, 1],
        [2, 2, 100],
      ] as const) {
        const ranks = (await Promise.all(
          Array.from({ length: world }, (_, rank) =>
            printed(
              batches,
              url,
              JSON.stringify({ rank, world, workers, most, ...(state === null ? {} : { state }) }),
            ),
          ),
        )) as Read[]
        state = ranks[0]?.state
        for (const rank of ranks) given.push(...rank.passes.flat(2))
      }
      expect(given.toSorted()).toEqual(all.toSorted())
      expect(state).toMatchObject({ epoch: 1, place: 0 })
    })
  },
)

/** Two versions of webdataset: the installed one, and the last of version 0, which open_clip pins. */
const versions = [
  ['webdataset', ''],
  ['webdataset 0.2.86', fileURLToPath(new URL('../../../.cache/python-webdataset-0', import.meta.url))],
] as const

const withWebdataset = (path: string) => `
import sys, json
sys.path.insert(0, ${JSON.stringify(path)})
import webdataset as wds
`

describe.for(versions)('%s', ([, path]) => {
  it('reads each pair of an epoch once between its parts, with picture and caption', {
    timeout: 240_000,
  }, async ({ skip }) => {
    const import_ = `${withWebdataset(path)}print(json.dumps(wds.__file__.startswith(${JSON.stringify(path)})))`
    if ((await printed(import_).catch(() => false)) !== true) skip(`${python} has none`)
    const { url } = await serving([await folder()])
    const read = `${withWebdataset(path)}
links = sys.argv[1] + '/epoch/0/{00000..00003}-of-00004.tar'
data = wds.WebDataset(links, shardshuffle=False, nodesplitter=wds.split_by_node)
print(json.dumps([[s['__key__'], len(s['jpg']) > 100, s['txt'].decode()] for s in data]))`
    const pairs = (await printed(read, url)) as [string, boolean, string][]
    const captions = textsIn(await fetched(`${url}/epoch/0/00000-of-00001.tar`), 'txt')
    expect(pairs.toSorted()).toEqual([...captions].map(([key, text]) => [key, true, text]).toSorted())
  })
})
