import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { type CurateAnswer, type CurateCall, curateCommand } from '../../../src/cli/curate.js'
import { addCurateCommand } from '../../../src/cli/curate-program.js'
import { type CurateRequest, defaultBy } from '../../../src/curate/index.js'
import { UnreadableDataset } from '../../../src/shard/index.js'
import { paper } from '../../fixtures/cli/output.js'

const summary = {
  ...{ shards: 2, samples: 570, rows: 570, bytes: 11_400_000, reasons: {}, languages: {} },
  scores: { width: 0.01, first: 0, kept: [], rejected: [] },
}
const done: CurateAnswer = {
  kind: 'done',
  steps: [
    ['sources', 3_000],
    ['where', 2_000],
    ['top', 600],
  ],
  sets: [
    { side: 'train', summary },
    { side: 'val', summary: { ...summary, samples: 30, shards: 1 } },
  ],
  from: { sources: [], request: { top: '30%' } },
  notes: ['without text_emb'],
}

const call: CurateCall = {
  ...{
    sources: ['/data/a'],
    out: '/data/out',
    uidsFile: null,
    rejectFiles: [],
    model: null,
    json: false,
    progress: 'plain',
  },
  request: {
    ...{ where: null, top: null, per: null, by: defaultBy, maxPerHost: null, dedupeCosine: null },
    ...{ caption: null, shuffle: null, shardSize: null, shards: null, split: null, groupBy: null },
    keepLedger: false,
  },
}

async function called(changes: Partial<CurateCall>, answer: () => Promise<CurateAnswer>) {
  const [stdout, stderr] = [paper(), paper()]
  let asked: Omit<CurateRequest, 'model'> | null = null
  const code = await curateCommand(
    { ...call, ...changes },
    {
      curate: async (request) => {
        asked = request
        return await answer()
      },
      readFile: async (name) => {
        if (name === 'uids.txt') return `${'a'.repeat(32)}\n`
        throw Object.assign(new Error('no'), { code: 'ENOENT' })
      },
      readChunks: async function* (name) {
        if (name === 'reject.txt') yield Buffer.from(`host:bad.example\n${'a'.repeat(64)}\n`)
        else throw Object.assign(new Error('no'), { code: 'ENOENT' })
      },
      ...{ stdout, stderr, color: false, redraw: false, unicode: false },
      clock: { now: () => 0, every: () => () => {} },
    },
  )
  return {
    code,
    out: stdout.text(),
    said: stderr.text(),
    asked: asked as Omit<CurateRequest, 'model'> | null,
  }
}

describe('pairmill curate', () => {
  it('says what each step left, which datasets there are, and how to check them', async () => {
    const { code, out } = await called({}, async () => done)
    expect(code).toBe(0)
    expect(out).toBe(`Done: 600 pairs kept.

without text_emb

  pairs of the sources  3,000
  left by --where       2,000  66.7 %
  left by --top           600  20.0 %

Datasets
  /data/out/train  570 pairs  2 shards  11.4 MB
  /data/out/val     30 pairs   1 shard  11.4 MB
  check it  pairmill verify /data/out/train
  check it  pairmill verify /data/out/val
`)
  })

  it('says the same as JSON', async () => {
    const { out } = await called({ json: true }, async () => done)
    expect(JSON.parse(out)).toMatchObject({
      datasets: [{ place: '/data/out/train', samples: 570 }, { place: '/data/out/val' }],
      left: { sources: 3_000, where: 2_000, top: 600 },
      curated_from: { request: { top: '30%' } },
    })
  })

  it.each([
    ['refused', 2],
    ['failed', 1],
    ['differs', 4],
    ['locked', 3],
    ['model', 5],
  ] as const)('ends with a code of its own where it is %s', async (kind, wanted) => {
    const { code, said, out } = await called({}, async () => ({ kind, message: 'so it is' }))
    expect([code, said, out]).toEqual([wanted, 'pairmill: so it is\n', ''])
  })

  it('names a source that cannot be read', async () => {
    const { code, said } = await called({}, async () => {
      throw new UnreadableDataset('00000.tar is missing')
    })
    expect([code, said]).toEqual([1, 'pairmill: 00000.tar is missing\n'])
  })

  it('reads the list of uids, and begins nothing where it cannot', async () => {
    const { asked } = await called({ uidsFile: 'uids.txt' }, async () => done)
    expect(asked?.uids?.halves).toHaveLength(1)
    const missing = await called({ uidsFile: 'none.txt' }, async () => done)
    expect(missing).toMatchObject({
      code: 2,
      asked: null,
      said: expect.stringContaining("cannot read 'none.txt'"),
    })
  })

  it('reads lists of what never comes into it', async () => {
    const { asked } = await called({ rejectFiles: ['reject.txt'] }, async () => done)
    expect(asked?.reject?.entries).toMatchObject({ hosts: { size: 1 }, images: { size: 1 } })
    const missing = await called({ rejectFiles: ['none.txt'] }, async () => done)
    expect(missing).toMatchObject({
      code: 2,
      asked: null,
      said: expect.stringContaining("cannot read 'none.txt'"),
    })
  })

  it.each([
    [{ per: 'language' as const }, '--per needs --top'],
    [{ shards: 2, shardSize: 3 }, 'give one'],
    [{ groupBy: 'phash' as const }, '--group-by needs --split'],
    [
      {
        split: [
          { name: 'a', share: 0.5 },
          { name: 'b', share: 0.4 },
        ],
      },
      'make 0.9, not 1',
    ],
    [
      {
        split: [
          { name: 'a', share: 0.5 },
          { name: 'a', share: 0.5 },
        ],
      },
      'names a dataset twice',
    ],
  ])('refuses what makes no sense: %j', async (changes, words) => {
    const { code, said, asked } = await called({ request: { ...call.request, ...changes } }, async () => done)
    expect([code, asked]).toEqual([2, null])
    expect(said).toContain(words)
  })
})

describe('the words of the call', () => {
  async function typed(...words: string[]): Promise<CurateCall | string> {
    const calls: CurateCall[] = []
    const said = paper()
    const program = new Command().exitOverride().configureOutput({ writeErr: said.write })
    addCurateCommand(
      program,
      async (one) => {
        calls.push(one)
        return 0
      },
      () => {},
    )
    await program.parseAsync(['curate', ...words], { from: 'user' }).catch(() => {})
    return calls[0] ?? said.text()
  }

  it('are read', async () => {
    const words = [
      'a',
      'b',
      '--out',
      'c',
      '--top',
      '12.5%',
      '--split',
      'train=0.9, val=.1',
      '--caption',
      'alt,best',
    ]
    expect(await typed(...words)).toEqual({
      ...call,
      ...{ sources: ['a', 'b'], out: 'c', progress: null },
      request: {
        ...call.request,
        top: { share: 0.125 },
        split: [
          { name: 'train', share: 0.9 },
          { name: 'val', share: 0.1 },
        ],
        caption: ['alt', 'best'],
      },
    })
    expect(await typed('a', '--out', 'c', '--top', '1000')).toMatchObject({
      request: { top: { count: 1000 } },
    })
  })

  it.each([
    [['--top', '0']],
    [['--top', '101%']],
    [['--top', '1.5']],
    [['--split', 'train']],
    [['--split', 'pages=0.5,val=0.5']],
    [['--split', '../up=0.5,val=0.5']],
    [['--caption', 'context']],
    [['--dedupe-cosine', '1.5']],
    [['--per', 'host']],
  ])('are refused: %j', async (words) => {
    expect(await typed('a', '--out', 'c', ...words)).toContain('is invalid')
  })
})
