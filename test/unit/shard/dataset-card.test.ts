import { describe, expect, it } from 'vitest'
import { datasetCard } from '../../../src/shard/dataset-card.js'
import type { DatasetSummary, Manifest } from '../../../src/shard/manifest.js'

const summary: DatasetSummary = { shards: 1, rows: 2, samples: 1, bytes: 3, reasons: {} } as never
const cardOf = (modelId: string | null) =>
  datasetCard(
    { run: 'r', complete: true, modelId, threshold: 0.28, format: 'jpg', pages: [] } as never as Manifest,
    summary,
  )

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
})
