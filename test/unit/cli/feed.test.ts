import { describe, expect, it } from 'vitest'
import { type FedSets, type FeedCall, feedCommand, type NoSets } from '../../../src/cli/feed.js'
import type { FedOrder } from '../../../src/cli/feed-order.js'
import { orderFigures, type RecipeSet } from '../../../src/feed/index.js'
import { paper } from '../../fixtures/cli/output.js'

const photos: RecipeSet = {
  place: { kind: 'folder', path: '/data/photos' },
  shards: [0, 1],
  ...{ samples: 1_204, format: 'jpg', complete: true, weight: null, signed: null },
}
const call: FeedCall = {
  ...{ datasets: ['photos'], gpus: 1, workers: 2, presignMs: null, json: false, progress: null },
}
const order: FedOrder = {
  batchSize: 2,
  feed: orderFigures(['a', 'b', 'a', 'b'], 2),
  tars: orderFigures(['a', 'a', 'b', 'b'], 2),
  captions: [{ source: 'alt', pairs: 7 }],
}

async function answered(
  read: FedSets | NoSets,
  { json = false, figures = order as FedOrder | { readonly unknown: string } } = {},
) {
  const [stdout, stderr] = [paper(), paper()]
  const code = await feedCommand(
    { ...call, json },
    {
      read: async () => read,
      readOrder: async () => figures,
      ...{ stdout, stderr, redraw: false, clock: { now: () => 0, every: () => () => {} } },
    },
  )
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

describe('pairmill feed', () => {
  const found: FedSets = { sets: [photos], validation: null, notes: ['It grows.'] }

  it('says what it is for, how hosts are mixed, and the lines of each consumer without an indent', async () => {
    const { code, stdout } = await answered(found)
    expect(code).toBe(0)
    expect(stdout.split('\n').slice(0, 8)).toEqual([
      'For one GPU with 2 workers',
      '  /data/photos  1,204 pairs  2 shards  jpg',
      '  It grows.',
      '',
      'How well 2 hosts are mixed',
      '                                   openDataset, --serve  as the tars stand  full shuffle',
      '  neighbours of one host                          0.0 %             66.7 %        33.3 %',
      '  entropy of the hosts of 2 pairs             1.00 bits          0.00 bits     0.67 bits',
    ])
    expect(stdout).toContain('\nopen_clip\n\npython -m open_clip_train.main ')
    expect(stdout).toContain('\nwebdataset\n\nimport webdataset as wds\n')
    expect(stdout).toContain('caption_alt (7)')
  })

  it('shows what a split holds back, and weights', async () => {
    const weighed = { ...photos, weight: 0.7 }
    const { stdout } = await answered({ ...found, sets: [weighed], validation: photos })
    expect(stdout).toMatch(/jpg {2}weight 0\.7\n.*jpg {2}held back\n/)
  })

  it('prints signed URLs as they are, which a message would not show', async () => {
    const url = 'https://pairs.s3.amazonaws.com/00000.tar?X-Amz-Credential=a&X-Amz-Signature=0123456789abcdef'
    const signed = { ...photos, shards: [0], signed: [url] }
    expect((await answered({ ...found, sets: [signed] })).stdout).toContain(url)
    expect((await answered({ ...found, sets: [signed] }, { json: true })).stdout).toContain(url)
  })

  it('prints the same as JSON', async () => {
    const { stdout } = await answered(found, { json: true })
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ gpus: 1, workers: 2, sets: [{ samples: 1_204 }], notes: ['It grows.'], order: { batchSize: 2 } },
      recipes: ['open_clip', 'webdataset', 'pytorch', 'datasets', 'energon'].map((consumer) => ({
        consumer,
      })),
    })
  })

  it('says why the figures cannot be had, and prints the lines all the same', async () => {
    const { code, stdout } = await answered(found, { figures: { unknown: 'DuckDB is not installed' } })
    expect(code).toBe(0)
    expect(stdout).toContain('How well the hosts are mixed is not known: DuckDB is not installed\n')
    expect(stdout).toContain('import webdataset as wds')
  })

  it.each([
    ['failed', 1],
    ['usage', 2],
  ] as const)('ends with the code of what is wrong: %s', async (kind, code) => {
    const ended = await answered({ kind, message: 'there is nothing' })
    expect(ended).toEqual({ code, stdout: '', stderr: 'pairmill: there is nothing\n' })
  })
})
