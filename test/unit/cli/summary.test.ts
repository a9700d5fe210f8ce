import { describe, expect, it } from 'vitest'
import { renderSummary } from '../../../src/cli/summary.js'
import { snapshotOf } from '../../fixtures/cli/snapshot.js'

const options = { threshold: null, imageFormat: 'jpg', out: '/data/pairs' } as const
const plain = { columns: 80, color: false, unicode: false }
const finished = snapshotOf({
  state: 'done',
  queues: { urls: 0, hosts: 0, buffered: 0, batches: 0, unplanned: 0, plans: 0 },
})

describe('the summary', () => {
  it('of a finished run shows funnel, reasons, scores, dataset and what to do next', () => {
    expect(renderSummary({ kind: 'done', snapshot: finished }, options, plain)).toMatchInlineSnapshot(`
      "Done after 1m 14s: 1,204 pairs in 4 shards.

      From pages to pairs
        pages             312                         2.8 MB
        images on them  4,120
        candidates      2,003  48.6 %  of images
        images fetched  1,800  89.9 %  of candidates  241 MB
        pairs kept      1,204  60.1 %  of candidates

      Pages left out: 9
        robots    7  77.8 %  robots.txt forbids the page, or could not be read
        not_html  2  22.2 %  not a web page

      Images left out on their page: 2,117
        no_caption  1,900  89.7 %  no text beside it
        data_url      217  10.3 %  picture written into the page itself

      Candidates rejected: 799
        score_low       412  51.6 %  caption does not fit the image (--threshold)
        http_4xx        150  18.8 %  the server says it is gone or forbidden (HTTP 4xx)
        side_small      150  18.8 %  image is too small (--min-side)
        duplicate_near   87  10.9 %  looks like an image kept already (--dedupe)

      Scores: cosine similarity of image and caption by clip-vit-base-patch32@fd6e1402/pre1
         0.20   12  -
         0.22    0
         0.24  100  ------
         0.26  300  -----------------
         0.28  700  ########################################  <- threshold 0.28
         0.30  500  #############################
         0.32    0
         0.34    4  #

      Dataset: /data/pairs
        look at it  pairmill report /data/pairs
        check it    pairmill verify /data/pairs
        open_clip   python -m open_clip_train.main --dataset-type webdataset --train-data '/data/pairs/{00000..00003}.tar' --train-num-samples 1204 --workers 4 --model ViT-B-32 --batch-size 64
        webdataset  wds.WebDataset("/data/pairs/{00000..00003}.tar", shardshuffle=100, nodesplitter=wds.split_by_node).shuffle(1000).decode("pilrgb").to_tuple("jpg", "txt")
        others      pairmill feed /data/pairs
      "
    `)
  })

  it('quotes a place in S3 for the shell that its readers start', () => {
    const textOf = (out: string) =>
      renderSummary({ kind: 'done', snapshot: finished }, { ...options, out }, plain)
    expect(textOf('s3://pairs/birds')).toContain(
      'wds.WebDataset("pipe:aws s3 cp s3://pairs/birds/{00000..00003}.tar -", ',
    )
    const odd = textOf('s3://pairs/two birds (1)')
    expect(odd).toContain(`wds.WebDataset("pipe:aws s3 cp 's3://pairs/two birds (1)/{00000..00003}.tar' -", `)
    expect(odd).toContain(
      String.raw`--train-data 'pipe:aws s3 cp '\''s3://pairs/two birds (1)/{00000..00003}.tar'\'' -' --train`,
    )
  })

  it('counts the tags of what was scored', () => {
    const counters = { ...finished.counters, 'tagged:logo': 24, 'tagged:unsafe': 3 }
    const text = renderSummary({ kind: 'done', snapshot: { ...finished, counters } }, options, plain)
    expect(text).toContain(
      ['Tags, of 1,616 scored pairs', '  logo    24  1.5 %', '  unsafe   3  0.2 %', ''].join('\n'),
    )
  })

  it('of what seeds and sources answered prints nothing that steers a terminal', () => {
    const evil = 'x\u001b[31m\u009b31m\u202e\n\ny'
    const seed = 'http://a.test/'
    const permission = { rule: `robots:disallow ${evil}`, value: null, source: evil, checkedAt: '' }
    const row = { outcome: 'refused', reason: evil, httpStatus: 200, detail: evil, permission } as const
    const answer = { seed, ledTo: `http://b.test/${evil}${'y'.repeat(5_000)}`, row }
    const some = { first: [answer], more: 0 }
    const unread = { seeds: some, skipped: { first: [evil], more: 0 } }
    const text = renderSummary({ kind: 'done', snapshot: finished, moved: some, unread }, options, plain)
    expect(text).not.toMatch(/[^\n\P{Cc}]|\p{Cf}/u)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(600)
    expect(text).toMatch(/^ {2}http:\/\/a\.test\/ led to http:\/\/b\.test\//m)
  })

  it('of what seeds answered shows them without what lets somebody in, where they led to as well', () => {
    const answer = {
      seed: 'http://a.test/x?k=s3cret',
      ledTo: 'http://b.test/x?k=s3cret&token=s3cret',
      row: null,
    }
    const some = { first: [answer], more: 0 }
    const skipped = { first: ['http://ada:s3cret@c.test/list line 1 is left out'], more: 0 }
    const end = { kind: 'done', snapshot: finished, moved: some, unread: { seeds: some, skipped } } as const
    const text = renderSummary(end, options, plain)
    expect(text).not.toContain('s3cret')
    expect(text).toContain('http://a.test/x?k=*** led to http://b.test/x?k=***&token=***')
  })

  it('of a limit says what it means', () => {
    const text = renderSummary({ kind: 'limit', limit: 'max-pages', snapshot: finished }, options, plain)
    expect(text.split('\n').slice(0, 2)).toEqual([
      'Stopped at the limit --max-pages after 1m 14s: 1,204 pairs in 4 shards.',
      'Everything found so far is in shards. To go on, run the same command with a higher --max-pages.',
    ])
  })

  it('of an interruption says what waits, and offers no training yet', () => {
    const snapshot = snapshotOf({ state: 'stopped' })
    const text = renderSummary({ kind: 'interrupted', snapshot }, options, plain)
    expect(text.split('\n').slice(0, 3)).toEqual([
      'Interrupted after 1m 14s: 1,204 pairs kept, 4 shards written.',
      '204 kept pairs will be put into shards when the run goes on.',
      'What was under way is committed. The same command goes on from here.',
    ])
    expect(text).toContain('pairmill verify /data/pairs')
    expect(text).not.toContain('open_clip')
  })

  it('of a run that found nothing shows only what there is to show', () => {
    const snapshot = { ...finished, counters: { pages: 1, 'page_skipped:robots': 1 } }
    expect(renderSummary({ kind: 'done', snapshot }, options, plain)).toBe(
      [
        'Done after 1m 14s: 0 pairs in 0 shards.',
        '',
        'From pages to pairs',
        '  pages           1',
        '  images on them  0',
        '  candidates      0',
        '  images fetched  0',
        '  pairs kept      0',
        '',
        'Pages left out: 1',
        '  robots  1  100.0 %  robots.txt forbids the page, or could not be read',
        '',
        'Dataset: /data/pairs',
        '  no image with a text was found; the counts above say why',
        '',
      ].join('\n'),
    )
  })

  it('of a run that kept nothing says where the reasons are', () => {
    const snapshot = { ...finished, counters: { pages: 1, candidates: 2, 'rejected:aspect': 2 } }
    expect(renderSummary({ kind: 'done', snapshot }, options, plain)).toContain(
      'no pair was kept; ledger.parquet lists every candidate',
    )
  })

  it('counts what was not judged before the stop', () => {
    const snapshot = { ...finished, counters: { candidates: 10, kept: 2, 'rejected:aspect': 3 } }
    expect(renderSummary({ kind: 'interrupted', snapshot }, options, plain)).toContain(
      'not judged yet   5  50.0 %  of candidates',
    )
  })

  it('warns of a model that is no CLIP model', () => {
    const snapshot = { ...finished, model: { id: 'tiny', isClip: false, threshold: 0.28 } }
    expect(renderSummary({ kind: 'done', snapshot }, options, plain)).toContain('not a CLIP model')
  })

  it('quotes a folder for the shell, and names a single shard without a range', () => {
    const snapshot = { ...finished, counters: { kept: 1, shards: 1 } }
    const text = renderSummary({ kind: 'done', snapshot }, { ...options, out: "/data/ada's pairs" }, plain)
    expect(text).toContain("pairmill verify '/data/ada'\\''s pairs'")
    expect(text).toContain("--train-data '/data/ada'\\''s pairs/00000.tar' --train-num-samples 1")
    expect(text).toContain('wds.WebDataset("/data/ada\'s pairs/00000.tar", ')
  })
})
