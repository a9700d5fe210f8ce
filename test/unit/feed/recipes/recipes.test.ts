import { describe, expect, it } from 'vitest'
import {
  type Consumer,
  type Recipe,
  type RecipeFacts,
  type RecipeSet,
  recipeSetOf,
  recipesOf,
} from '../../../../src/feed/index.js'
import { expanded, shellWord } from '../../../fixtures/feed/readings.js'

const photos: RecipeSet = {
  place: { kind: 'folder', path: '/data/photos' },
  shards: [0, 1, 2, 3, 4],
  samples: 1_466,
  format: 'jpg',
  complete: true,
  weight: null,
  signed: null,
}
const drawings: RecipeSet = {
  ...photos,
  place: { kind: 'folder', path: '/data/drawings' },
  shards: [0, 1],
  samples: 500,
  format: 'png',
}
const birds: RecipeSet = { ...photos, place: { kind: 's3', url: 's3://pairs/birds', endpoint: null } }
const alone: RecipeFacts = { sets: [photos], validation: null, gpus: 1, workers: 4, captions: null }

function recipe(consumer: Consumer, facts: Partial<RecipeFacts> = {}): Recipe {
  const found = recipesOf({ ...alone, ...facts }).find((one) => one.consumer === consumer)
  if (found === undefined) throw new Error(`no recipe for ${consumer}`)
  return found
}

const textOf = ({ lines }: Recipe): string => lines.join('\n')
const saidBy = ({ notes }: Recipe): string => notes.join('\n')

/** Values of a command's options. */
const option = (line: string, flag: string): string | null => {
  const [, word] = new RegExp(`${flag} ('(?:[^']|'\\\\'')*'|\\S+)`).exec(line) ?? []
  return word === undefined ? null : shellWord(word)
}

describe('the line of open_clip', () => {
  it('names tars, pairs and workers', () => {
    const [line = ''] = recipe('open_clip').lines
    expect(line).toMatch(/^python -m open_clip_train\.main --dataset-type webdataset /)
    expect(option(line, '--train-data')).toBe('/data/photos/{00000..00004}.tar')
    expect(option(line, '--train-num-samples')).toBe('1466')
    expect(option(line, '--workers')).toBe('4')
    expect(line).not.toContain('--dataset-resampled')
  })

  it('begins a process a GPU, and draws shards again where there are fewer than loaders, and says why', () => {
    const found = recipe('open_clip', { gpus: 8 })
    expect(found.lines[0]).toMatch(/^torchrun --nproc_per_node 8 -m open_clip_train\.main /)
    expect(found.lines[0]).toContain(' --dataset-resampled ')
    expect(saidBy(found)).toContain('5 shards are fewer than 32 loaders (8 GPUs with 4 workers each)')
  })

  it('names each dataset of several, and all their pairs', () => {
    const [line = ''] = recipe('open_clip', { sets: [photos, drawings] }).lines
    expect(expanded(option(line, '--train-data') ?? '')).toHaveLength(7)
    expect(option(line, '--train-num-samples')).toBe('1966')
    expect(line).not.toContain('upsampling')
  })

  it('draws shards so often that the pairs of each dataset come as its weight says', () => {
    const sets = [
      { ...photos, weight: 0.7 },
      { ...drawings, weight: 0.3 },
    ]
    const [line = ''] = recipe('open_clip', { sets, workers: 1 }).lines
    expect(line).toContain(' --dataset-resampled ')
    const [first = 0, second = 0] = (option(line, '--train-data-upsampling-factors') ?? '')
      .split('::')
      .map(Number)
    // A shard of photos has 293.2 pairs, one of drawings 250.
    const [fromPhotos, fromDrawings] = [first * 1_466, second * 500]
    expect(fromPhotos / (fromPhotos + fromDrawings)).toBeCloseTo(0.7, 4)
  })

  it('gives each of several URLs of a dataset the factor of its shard', () => {
    const signed = ['http://s/0?a=1', 'http://s/1?a=2']
    const sets = [
      { ...photos, weight: 1 },
      { ...drawings, weight: 1, signed },
    ]
    const [line = ''] = recipe('open_clip', { sets }).lines
    expect(expanded(option(line, '--train-data') ?? '').slice(5)).toEqual(signed)
    expect(option(line, '--train-data-upsampling-factors')?.split('::')).toEqual(['1', '2.932', '2.932'])
  })

  it('fetches from S3 by the aws command, from the endpoint that is asked here', () => {
    const place = { kind: 's3', url: 's3://pairs/two birds', endpoint: 'http://127.0.0.1:9000' } as const
    const [line = ''] = recipe('open_clip', { sets: [{ ...birds, place }] }).lines
    expect(expanded(option(line, '--train-data') ?? '')[4]).toBe(
      "pipe:aws --endpoint-url http://127.0.0.1:9000 s3 cp 's3://pairs/two birds/00004.tar' -",
    )
  })

  it('leaves signed URLs out that do not fit into an argument', () => {
    const shards = Array.from({ length: 400 }, (_, i) => i)
    const signed = shards.map((shard) => `https://s/${shard}?signature=${'f'.repeat(200)}`)
    const found = recipe('open_clip', { sets: [{ ...birds, shards, signed }] })
    expect(option(found.lines[0] ?? '', '--train-data')).toBe(
      'pipe:aws s3 cp s3://pairs/birds/{00000..00399}.tar -',
    )
    expect(saidBy(found)).toContain('too many for one argument')
    expect(textOf(recipe('webdataset', { sets: [{ ...birds, shards, signed }] }))).toContain(signed[399])
  })

  it('validates on what a split held back', () => {
    const [line = ''] = recipe('open_clip', { validation: drawings }).lines
    expect(option(line, '--val-data')).toBe('/data/drawings/{00000..00001}.tar')
    expect(option(line, '--val-num-samples')).toBe('500')
  })
})

describe('the lines of webdataset', () => {
  it('read each pair once with one GPU', () => {
    const text = textOf(recipe('webdataset'))
    expect(text).toContain('shardshuffle=100, nodesplitter=wds.split_by_node')
    expect(text).not.toContain('with_epoch')
  })

  it('give all ranks as many samples', () => {
    const text = textOf(recipe('webdataset', { gpus: 2, workers: 2 }))
    expect(text).toContain('.with_epoch(366)')
    expect(text).not.toContain('resampled')
    expect(saidBy(recipe('webdataset', { gpus: 2, workers: 2 }))).toContain(
      '5 shards are not a multiple of 4 loaders',
    )
  })

  it('draw shards by chance where they are fewer than loaders', () => {
    expect(textOf(recipe('webdataset', { gpus: 2 }))).toContain('resampled=True, shardshuffle=False')
  })

  it('take pictures of every format that there is', () => {
    expect(textOf(recipe('webdataset', { sets: [photos, drawings] }))).toContain(
      '.to_tuple("jpg;png", "txt")',
    )
  })

  it('name the columns of other captions', () => {
    const captions = [{ source: 'aria-label', pairs: 7 }] as const
    expect(saidBy(recipe('webdataset', { captions }))).toContain('caption_aria_label (7)')
  })
})

describe('what a consumer cannot read', () => {
  it('has no lines, and says what to do', () => {
    for (const consumer of ['datasets', 'energon'] as const) {
      const found = recipe(consumer, { sets: [birds] })
      expect(found.lines).toEqual([])
      expect(saidBy(found)).toContain('copy the dataset to a folder')
    }
  })

  it('is a folder whose name datasets takes for a pattern', () => {
    const place = { kind: 'folder', path: '/data/photos [2]' } as const
    expect(saidBy(recipe('datasets', { sets: [{ ...photos, place }] }))).toContain('rename the folder')
  })
})

describe('what a manifest says', () => {
  const shard = (number: number | null, samples: number) => ({
    shard: number,
    samples,
    taken: [],
    rows: samples,
    files: [],
  })
  const where = { place: photos.place, weight: null }

  it('leaves out shards of which all was taken back, and ledgers', () => {
    const shards = [shard(0, 10), shard(1, 0), shard(null, 0), shard(2, 5)]
    const set = recipeSetOf({ shards, format: 'webp', complete: true }, where)
    expect(set).toMatchObject({ shards: [0, 2], samples: 15, format: 'webp' })
  })

  it('is nothing to train on where no pair is left', () => {
    expect(recipeSetOf({ shards: [shard(0, 0)], format: 'jpg', complete: true }, where)).toBeNull()
  })
})
