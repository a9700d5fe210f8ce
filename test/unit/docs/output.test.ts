import { describe, expect, it } from 'vitest'
import { pageOutcomes } from '../../../src/records/index.js'
import type { FieldType } from '../../../src/shard/field.js'
import { generationSchema } from '../../../src/shard/generation.js'
import { manifestSchema } from '../../../src/shard/manifest.js'
import { pageFields } from '../../../src/shard/page-file.js'
import { sampleFields } from '../../../src/shard/sample-record.js'
import { newTally, statsBytes } from '../../../src/shard/stats.js'
import { tableBelow } from '../../fixtures/docs/pages.js'

const page = 'docs/output.md'

function typeText(type: FieldType): string {
  if (type === 'string') return 'text'
  if (typeof type === 'string') return type
  return 'struct' in type ? 'struct' : `list of ${typeText(type.list)}`
}
const named = (rows: readonly string[][]) => rows.map(([name = '']) => name.replaceAll('`', ''))

describe('the page of the output has', () => {
  it.each([
    ['a shard', '## A row of a shard', sampleFields],
    ['the page ledger', '## A row of the page ledger', pageFields],
  ] as const)('every column of %s with its type, in the order of the file', (_, heading, columns) => {
    const rows = tableBelow(page, heading)
    expect(rows.map(([name, type]) => `${name} ${type}`)).toEqual(
      columns.map(([name, type]) => `\`${name}\` ${typeText(type)}`),
    )
    for (const [name, , meaning, absent] of rows) {
      expect(meaning, `what ${name} is`).not.toBe('')
      expect(absent, `what null means in ${name}`).not.toBe('')
    }
  })

  it('every outcome of a page', () => {
    expect(named(tableBelow(page, '### Outcomes'))).toEqual([...pageOutcomes])
  })

  it('every field of the manifest, of a generation and of the stats', () => {
    expect(named(tableBelow(page, '## manifest.json'))).toEqual(Object.keys(manifestSchema.shape))
    expect(named(tableBelow(page, '## Generations'))).toEqual(Object.keys(generationSchema.shape))
    const stats = JSON.parse(statsBytes(newTally(), '2026-01-01T00:00:00Z').toString()) as object
    expect(named(tableBelow(page, '## 00000_stats.json'))).toEqual(Object.keys(stats))
  })
})
