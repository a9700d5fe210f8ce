import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseUids } from '../../../../src/curate/index.js'
import { decodeCursor, encodeCursor } from '../../../../src/report/explore/cursor.js'
import { Lease } from '../../../../src/report/explore/lease.js'
import { pairRecord } from '../../../../src/report/explore/pair-record.js'
import { nextPlace } from '../../../../src/report/explore/rejected-rows.js'
import { selectionSchema, selectionText } from '../../../../src/report/explore/selection.js'
import { namedInList } from '../../../../src/retract/index.js'

const uid = (n: number) => n.toString(16).padStart(32, '0')

describe('a selection', () => {
  it('is a list that curate takes', () => {
    const text = selectionText({ form: 'uids', uids: [uid(2), uid(1), uid(2)] })
    expect(text).toBe(`${uid(1)}\n${uid(2)}\n`)
    const parsed = parseUids(text)
    expect('halves' in parsed && parsed.halves.length).toBe(2)
  })

  it('is a list that retract takes', () => {
    const text = selectionText({ form: 'retract', uids: [uid(2), uid(1)] })
    expect(namedInList(text)).toEqual({
      problems: [],
      named: [
        { kind: 'uid', value: uid(1) },
        { kind: 'uid', value: uid(2) },
      ],
    })
  })

  it.each([
    { form: 'uids', uids: ['no uid'] },
    { form: 'uids', uids: [`${uid(1)}\nhost:example.org`] },
    { form: 'other', uids: [] },
    null,
  ])('is refused where it holds what is no uid: %j', (value) => {
    expect(selectionSchema.safeParse(value).success).toBe(false)
  })
})

describe('a place in a list', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 4 }), (place) => {
        expect(decodeCursor(encodeCursor(place))).toEqual(place)
      }),
    )
  })

  it('that nobody gave is none', () => {
    for (const text of ['', 'x', encodeCursor([]).slice(1), Buffer.from('{"a":1}').toString('base64url')])
      expect(decodeCursor(text)).toBeNull()
  })

  it('counts the rows of its URL, over pages too', () => {
    const rows = (...urls: string[]) => urls.map((whole_url) => ({ whole_url }))
    const first = { url: null, skipped: 0 }
    expect(decodeCursor(nextPlace(rows('a', 'b', 'b'), first))).toEqual(['b', 2])
    expect(decodeCursor(nextPlace(rows('b', 'b'), { url: 'b', skipped: 2 }))).toEqual(['b', 4])
    expect(decodeCursor(nextPlace(rows('b', 'c'), { url: 'b', skipped: 4 }))).toEqual(['c', 1])
  })
})

describe('a lease', () => {
  it('closes a thing when it was replaced and its last user is done', async () => {
    const closed: string[] = []
    const lease = new Lease('tables', async (thing) => {
      closed.push(thing)
    })
    let end = () => {}
    const using = lease.use(
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
    )
    await lease.replace()
    expect(closed).toEqual([])
    end()
    await using
    expect(closed).toEqual(['tables'])
  })
})

describe('the record of a pair', () => {
  const of = (record: Readonly<Record<string, unknown>>) =>
    pairRecord({
      kind: 'pair',
      key: '000001',
      shard: 0,
      record,
      picture: { format: 'jpg', bytes: new Uint8Array() },
    })

  it('has every caption with its score, and both permissions', () => {
    const permission = { rule: 'robots:allow /', value: 'Allow: /', source: 'robots.txt', checked_at: 'then' }
    expect(
      of({
        caption: 'a mill',
        captions: [
          { source: 'alt', text: 'a mill', score: 0.3 },
          { source: 'title', text: 'mill.jpg', score: null },
        ],
        permission,
        page_permission: { ...permission, rule: 'robots:none' },
        width: 512,
        caption_alt: 'a mill',
        credit: null,
        tags: [],
      }),
    ).toEqual({
      key: '000001',
      shard: 0,
      caption: 'a mill',
      captions: [
        { source: 'alt', text: 'a mill', score: 0.3 },
        { source: 'title', text: 'mill.jpg', score: null },
      ],
      permissions: [
        {
          what: 'picture',
          rule: 'robots:allow /',
          value: 'Allow: /',
          source: 'robots.txt',
          checkedAt: 'then',
        },
        { what: 'page', rule: 'robots:none', value: 'Allow: /', source: 'robots.txt', checkedAt: 'then' },
      ],
      fields: [['width', '512']],
    })
  })

  it('is read of version 1, which had lists and structs as texts', () => {
    const { captions, permissions } = of({
      captions: '[{"source":"alt","text":"old"}]',
      permission: '{"rule":"robots:none","checkedAt":"then"}',
    })
    expect(captions).toEqual([{ source: 'alt', text: 'old', score: null }])
    expect(permissions).toMatchObject([{ rule: 'robots:none', checkedAt: 'then' }])
  })

  it('is whatever stands there, cut', () => {
    expect(
      of({ captions: [null, 7, { text: 'x'.repeat(1e6) }], permission: 'none' }).captions[0]?.text.length,
    ).toBe(20_000)
  })
})
