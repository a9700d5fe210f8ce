import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { datasetCard } from '../../../src/shard/dataset-card.js'
import type { DatasetSummary, Manifest } from '../../../src/shard/manifest.js'
import { sampleRecord } from '../../../src/shard/sample-record.js'
import { keptRow } from '../../fixtures/shard/dataset-fixture.js'

const summary: DatasetSummary = {
  shards: 1,
  rows: 2,
  samples: 1,
  bytes: 3,
  reasons: {},
  languages: {},
} as never
const manifestOf = (modelId: string | null) =>
  ({
    run: 'r',
    complete: true,
    modelId,
    threshold: 0.28,
    format: 'jpg',
    shards: [],
    pages: [],
  }) as never as Manifest
const cardOf = (modelId: string | null) => datasetCard(manifestOf(modelId), summary)

describe("a dataset's card", () => {
  it('says that scores in int8 are others, and that it was not measured how far', () => {
    const card = cardOf('clip@0123abcd/pre1/int8')
    expect(card).toContain('| scored by | clip@0123abcd/pre1/int8 |\n| precision | int8: ')
    expect(card).toContain('not measured')
  })

  it.each(['clip@0123abcd/pre1', 'int8@0123abcd/pre1', null])(
    'says nothing of precision of %s',
    (modelId) => {
      expect(cardOf(modelId)).toContain(`| scored by | ${modelId ?? 'nothing'} |\n| threshold | 0.28 |`)
    },
  )

  it('declares the type of every field of a sample, so that none is guessed from the first samples', () => {
    const head = cardHead(cardOf(null))
    const features: { name: string; dtype?: string; struct?: { name: string }[] }[] =
      head.dataset_info.features
    expect(features.map(({ name }) => name)).toEqual(['jpg', 'json', 'txt', '__key__', '__url__'])
    const record = sampleRecord(keptRow(1, Buffer.alloc(1)).row, '000000000', 1)
    expect(features[1]!.struct!.map(({ name }) => name)).toEqual(Object.keys(record))
    expect(features[1]!.struct).toContainEqual({
      name: 'captions',
      list: [
        { name: 'source', dtype: 'string' },
        { name: 'text', dtype: 'string' },
        { name: 'score', dtype: 'float64' },
      ],
    })
    expect(features[1]!.struct).toContainEqual({ name: 'tags', list: 'string' })
    expect(head.configs).toEqual([{ config_name: 'default', data_files: '*.tar' }])
  })

  it('names the languages of a hundredth of its pairs and more, the most frequent first', () => {
    const cardIn = (languages: Record<string, number>) =>
      cardHead(datasetCard(manifestOf(null), { ...summary, samples: 300, languages })).language
    expect(cardIn({ de: 3, en: 200, fr: 2, und: 95 })).toEqual(['en', 'de'])
    expect(cardIn({ und: 300 })).toEqual(['und'])
  })
})

const cardHead = (card: string) => parse(card.split('---\n')[1]!)
