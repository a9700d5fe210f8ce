import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { ListSource, SourceStep } from '../../../../src/crawl/sources/index.js'
import { ListBlock } from '../../../../src/crawl/sources/list-block.js'
import { readList } from '../../../../src/crawl/sources/list-reader.js'
import { listReader } from '../../../../src/crawl/sources/list-source.js'
import { runs } from '../../../fixtures/runs.js'

const folder = mkdtempSync(join(tmpdir(), 'pairmill-list-source-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Row {
  readonly url?: string
  readonly caption?: unknown
  readonly page?: string
  readonly licence?: string
}

let files = 0
function listOf(rows: readonly Row[]): ListSource {
  const path = join(folder, `${files++}.jsonl`)
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'))
  const columns = { url: 'url', caption: 'caption', page: 'page', licence: 'licence' }
  return { kind: 'list', path, format: 'jsonl', gzip: false, columns }
}

async function stepsOf(source: ListSource, cursor = ''): Promise<SourceStep[]> {
  const steps: SourceStep[] = []
  for await (const step of listReader(source).steps(cursor, new AbortController().signal)) steps.push(step)
  return steps
}

/** `URL: caption, caption` of each candidate. */
const shown = (steps: readonly SourceStep[]) =>
  steps.flatMap(({ candidates }) =>
    candidates.map(({ imageUrl, captions }) => `${imageUrl}: ${captions.map(({ text }) => text).join(', ')}`),
  )

function counted(steps: readonly SourceStep[]): Record<string, number> {
  const counters: Record<string, number> = {}
  for (const step of steps)
    for (const [name, n] of Object.entries(step.counters)) counters[name] = (counters[name] ?? 0) + n
  return counters
}

const picture = (n: number) => `http://a.test/${n}.jpg`

describe('the part of a list that was read', () => {
  it('is told with each step, packed or not', async () => {
    const rows = Array.from({ length: 30_000 }, (_, n) => ({ url: picture(n), caption: `number ${n}` }))
    const source = listOf(rows)
    const packed = { ...source, path: `${source.path}.gz`, gzip: true }
    writeFileSync(packed.path, gzipSync(readFileSync(source.path)))
    for (const list of [source, packed]) {
      const shares = (await stepsOf(list)).map(({ share }) => share ?? 0)
      expect(shares).toEqual(shares.toSorted((a, b) => a - b))
      expect(shares[0]).toBeGreaterThan(0)
      expect(shares[0]).toBeLessThan(1)
      expect(shares.at(-1)).toBe(1)
    }
  })
})

describe('a list that names an image several times', () => {
  it('gives it once, where it stands first, with the captions of all its rows', async () => {
    const steps = await stepsOf(
      listOf([
        { url: picture(1), caption: 'Boats' },
        { url: picture(2), caption: 'A pier' },
        { url: 'HTTP://a.test:80/1.jpg', caption: 'Three boats' },
        { url: picture(1), caption: ' Boats ' },
        { url: picture(3) },
        { url: picture(1), caption: 'Boats at noon' },
      ]),
    )
    expect(shown(steps)).toEqual([
      `${picture(1)}: Boats, Three boats, Boats at noon`,
      `${picture(2)}: A pier`,
    ])
    expect(counted(steps)).toEqual({
      rows: 6,
      list_row_joined: 3,
      candidates_seen: 2,
      'row_skipped:no_caption': 1,
    })
  })

  it('on another page or under another licence gives it once for each', async () => {
    const steps = await stepsOf(
      listOf([
        { url: picture(1), caption: 'A', page: 'http://p.test/1' },
        { url: picture(1), caption: 'B', page: 'http://p.test/2' },
        { url: picture(1), caption: 'C', page: 'http://p.test/1' },
        { url: picture(1), caption: 'D', licence: 'http://p.test/1' },
        { url: picture(1), caption: 'E' },
        { url: picture(1), caption: 'F', page: 'http://p.test/1', licence: 'http://p.test/1' },
      ]),
    )
    expect(shown(steps)).toEqual(['A, C', 'B', 'D', 'E', 'F'].map((texts) => `${picture(1)}: ${texts}`))
  })

  it('gives the first 16 captions of it, and of a cell that holds several', async () => {
    const texts = Array.from({ length: 20 }, (_, n) => `Caption ${n}`)
    const first = texts.slice(0, 16).join(', ')
    const steps = await stepsOf(
      listOf([
        ...texts.map((caption) => ({ url: picture(1), caption })),
        { url: picture(2), caption: texts },
        { url: picture(3), caption: JSON.stringify(['A dog', '', ' A dog ', 'A cat']) },
        { url: picture(3), caption: ['A cat', 7, null, { text: 'A bird' }] },
        { url: picture(4), caption: '[sic] a boat [1904]' },
      ]),
    )
    expect(shown(steps)).toEqual([
      `${picture(1)}: ${first}`,
      `${picture(2)}: ${first}`,
      `${picture(3)}: A dog, A cat, 7`,
      `${picture(4)}: [sic] a boat [1904]`,
    ])
    expect(counted(steps)).toMatchObject({ rows: 24, list_row_joined: 20, candidates_seen: 4 })
  })

  it('says what stands where the texts should', async () => {
    const [step] = await stepsOf(
      listOf([
        { url: picture(1), caption: { raw: 'A dog', id: 7 } },
        { url: picture(2), caption: [{ raw: 'A dog' }] },
        { url: picture(3), caption: [] },
      ]),
    )
    expect(step?.skipped.map(({ reason, detail }) => [reason, detail])).toEqual([
      ['no_caption', 'no text but an object with raw, id'],
      ['no_caption', 'a list without texts'],
      ['no_caption', null],
    ])
  })

  it('joins rows of one block of 10,000, counted from the beginning of the file, and no others', async () => {
    const rows = Array.from({ length: 20_002 }, (_, n) => ({
      url: picture(n % 5_000),
      caption: `Caption ${n}`,
    }))
    const steps = await stepsOf(listOf(rows))
    const candidates = steps.flatMap((step) => step.candidates)
    expect(candidates).toHaveLength(10_002)
    expect(candidates[7]?.captions.map(({ text }) => text)).toEqual(['Caption 7', 'Caption 5007'])
    expect(candidates[5_007]?.captions.map(({ text }) => text)).toEqual(['Caption 10007', 'Caption 15007'])
    expect(candidates.at(-1)?.captions.map(({ text }) => text)).toEqual(['Caption 20001'])
    expect(counted(steps)).toEqual({ rows: 20_002, list_row_joined: 10_000, candidates_seen: 10_002 })
  })

  it('holds no more of a block than there is room for, and at least one caption of each image', () => {
    const block = new ListBlock()
    const text = (n: number) => `${n} ${'x'.repeat(1_990)}`
    for (let n = 0; n < 20_000; n++) {
      const captions = [{ source: 'list', text: text(n) } as const]
      const candidate = { imageUrl: picture(n % 2_000), fallbackUrls: [], captions, pageUrl: null }
      const row = { ...candidate, pageLanguage: null, licenceUrl: null }
      block.add({ line: n, kind: 'candidate', candidate: row })
    }
    const counts = block
      .entries(0, block.size)
      .map(({ row }) => (row.kind === 'candidate' ? row.candidate.captions.length : 0))
    expect(counts).toHaveLength(2_000)
    expect(Math.min(...counts)).toBeGreaterThan(0)
    const sum = counts.reduce((all, n) => all + n, 0)
    expect(sum).toBeLessThan(2_000 + 16_000_000 / 1_990)
    expect(sum).toBeGreaterThan(9_000)
  })
})

const row = fc.record({
  url: fc.oneof(fc.constantFrom(1, 2, 3, 4).map(picture), fc.constant('no URL')),
  caption: fc.oneof(fc.constantFrom('A', 'B', 'C', ''), fc.constantFrom(['A', 'D'], [], null)),
  page: fc.constantFrom('http://p.test/1', 'http://p.test/2'),
})

describe('the steps of a list', () => {
  it('are the same behind any of them, whenever reading breaks off, and every row is accounted for', async () => {
    const bulk = fc.array(row, { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(bulk, fc.integer({ min: 0, max: 700 }), async (rows, times) => {
        const many = Array.from({ length: times }, (_, n) => ({ url: picture(n), caption: `Caption ${n}` }))
        const all = [...rows, ...many, ...rows]
        const source = listOf(all)
        const steps = await stepsOf(source)
        for (const [i, { cursor }] of steps.entries())
          expect(await stepsOf(source, cursor)).toEqual(steps.slice(i + 1))
        const counters = counted(steps)
        const of = (name: string) => counters[name] ?? 0
        expect(of('rows')).toBe(all.length)
        const skipped = steps.flatMap((step) => step.skipped).length
        expect(of('candidates_seen') + of('list_row_joined') + skipped).toBe(all.length)
        const candidates = steps.flatMap((step) => step.candidates)
        const keys = candidates.map(({ imageUrl, pageUrl }) => `${imageUrl} ${pageUrl}`)
        expect(new Set(keys).size).toBe(keys.length)
        const texts = new Set(
          candidates.flatMap(({ imageUrl, captions }) => captions.map(({ text }) => `${imageUrl} ${text}`)),
        )
        const said = new Set<string>()
        for await (const one of readList(source, 0))
          if (one.kind === 'candidate')
            for (const { text } of one.candidate.captions) said.add(`${one.candidate.imageUrl} ${text}`)
        expect(texts).toEqual(said)
      }),
      { numRuns: runs.file },
    )
  })

  it('go on behind the row that an early version stopped at, with the rest of its block', async () => {
    const rows = Array.from({ length: 40 }, (_, n) => ({ url: picture(n % 10), caption: `Caption ${n}` }))
    const source = listOf(rows)
    const [step] = await stepsOf(source)
    const digest = step?.cursor.split(' ')[1]
    const early = `15 ${digest}`
    expect(await listReader(source).check(early, new AbortController().signal)).toBe(null)
    const steps = await stepsOf(source, early)
    expect(shown(steps)[0]).toBe(`${picture(5)}: Caption 15, Caption 25, Caption 35`)
    expect(counted(steps)).toEqual({ rows: 25, list_row_joined: 15, candidates_seen: 10 })
    expect(steps.at(-1)?.cursor).toBe(`40+0 ${digest}`)
  })
})
