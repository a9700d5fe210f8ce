import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packFound, unpackRejects } from '../../../src/backend/reject-chunk.js'
import { captionSources, rejectReasons, type TextReject } from '../../../src/records/index.js'
import { runs } from '../../fixtures/runs.js'

const host = fc.constantFrom('a.test', 'a.test:8080', 'b.test', '')
const url = fc
  .tuple(
    fc.constantFrom('http', 'https'),
    fc.constantFrom('a.test', 'a.test.b.test', 'a.test:8080', 'b.test'),
    fc.webPath(),
  )
  .map(([scheme, at, path]) => `${scheme}://${at}${path}`)
const permission = fc.record(
  {
    rule: fc.constantFrom('robots:none', 'robots:allow /'),
    value: fc.option(fc.string()),
    checkedAt: fc.string(),
  },
  { requiredKeys: ['rule', 'checkedAt'] },
)
const reject: fc.Arbitrary<TextReject> = fc.record(
  {
    imageUrl: url,
    captions: fc.array(
      fc.record({ source: fc.constantFrom(...captionSources), text: fc.string({ unit: 'binary' }) }),
      { minLength: 1, maxLength: 4 },
    ),
    pageUrl: fc.option(url),
    licenceUrl: fc.option(url),
    pagePermission: permission,
    reason: fc.constantFrom(...rejectReasons.text),
  },
  { requiredKeys: ['imageUrl', 'captions', 'pageUrl', 'licenceUrl', 'reason'] },
)

/** As a backend puts a chunk together: the head, and the lines that it takes. */
const chunkOf = ({ head, found }: ReturnType<typeof packFound>, isTaken: (i: number) => boolean) =>
  [head, ...found.flatMap((one, i) => ('line' in one && isTaken(i) ? [one.line] : []))].join('\n')

describe('a chunk of rejects', () => {
  it('gives back what went into it, whichever of them the run did not know', () => {
    fc.assert(
      fc.property(host, fc.array(fc.tuple(reject, fc.boolean()), { minLength: 1 }), (at, given) => {
        const found = given.map(([one], i) => ({ key: `${i}`, texts: [], reject: one }))
        const chunk = chunkOf(packFound(at, found), (i) => given[i]![1])
        expect(unpackRejects(chunk)).toEqual(given.flatMap(([one, isTaken]) => (isTaken ? [one] : [])))
      }),
      { numRuns: runs.line },
    )
  })

  it('leaves candidates as they are, and says of its host and permissions once', () => {
    const body = {
      imageUrl: 'http://a.test/1.jpg',
      fallbackUrls: [],
      captions: [{ source: 'alt' as const, text: 'a cat on a mat' }],
      pageUrl: 'http://a.test/page',
      pageLanguage: null,
      licenceUrl: null,
    }
    const candidate = { key: 'k', host: 'a.test', texts: ['a cat on a mat'], body }
    const pagePermission = { rule: 'robots:none', checkedAt: '2026-01-02T03:04:05.000Z' }
    const rejected = (name: string) => ({
      key: name,
      texts: ['logo'],
      reject: {
        imageUrl: `http://a.test/${name}.png`,
        captions: [{ source: 'alt' as const, text: 'logo' }],
        pageUrl: 'http://a.test/page',
        licenceUrl: null,
        pagePermission,
        reason: 'caption_placeholder' as const,
      },
    })
    const packed = packFound('a.test', [rejected('1'), candidate, rejected('2')])
    expect(packed.found[1]).toBe(candidate)
    expect(chunkOf(packed, () => true).split('\n')).toEqual([
      JSON.stringify({ host: 'a.test', said: [pagePermission] }),
      '["h/1.png","h/page","caption_placeholder",null,0,"alt","logo"]',
      '["h/2.png","h/page","caption_placeholder",null,0,"alt","logo"]',
    ])
  })
})
