import { describe, expect, it } from 'vitest'
import { noRefusals, type Refusals, type Row } from '../../../src/records/index.js'
import { withoutRetracted } from '../../../src/workers/retracted-rows.js'

const rowOf = (url: string, over: Partial<Row> = {}) => ({
  row: { url, pageUrl: 'http://a.test/', reason: null, sha256: null, phash: null, ...over } as Row,
  image: null,
})

const refusals: Refusals = {
  ...noRefusals,
  ofUrls: (urls) => (urls.includes('http://a.test/gone.jpg') ? 'retracted' : null),
  ofImage: ({ sha256 }) => (sha256 === 'gone' ? 'retracted' : sha256 === 'listed' ? 'listed' : null),
}

describe('rows of what was taken back', () => {
  it('are not written, and are counted as such, whatever their verdict was', () => {
    const rows = [
      rowOf('http://a.test/gone.jpg'),
      rowOf('http://a.test/1.jpg', { sha256: 'gone', reason: 'score_low' }),
      rowOf('http://a.test/2.jpg', { reason: 'retracted' }),
      rowOf('http://a.test/3.jpg', { sha256: 'listed', reason: 'listed' }),
      rowOf('http://a.test/4.jpg'),
    ]
    const counters = { 'rejected:score_low': 1, 'rejected:retracted': 1, 'rejected:listed': 1 }
    const result = withoutRetracted({ rows, deferred: [], counters }, refusals)
    expect(result.rows).toEqual(rows.slice(3))
    expect(result.dropped).toBe(3)
    expect(result.counters).toEqual({
      'rejected:score_low': 0,
      'rejected:retracted': 3,
      'rejected:listed': 1,
    })
  })

  it('are none where nothing was', () => {
    const result = { rows: [rowOf('http://a.test/gone.jpg')], deferred: [], counters: { images_fetched: 1 } }
    expect(withoutRetracted(result, noRefusals)).toEqual({ ...result, dropped: 0 })
  })
})
