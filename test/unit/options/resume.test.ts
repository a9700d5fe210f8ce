import { describe, expect, it } from 'vitest'
import type { RunOptions } from '../../../src/options/index.js'
import {
  defaultOf,
  differencesOf,
  limitsOf,
  olderOptions,
  storedOptions,
} from '../../../src/options/index.js'
import { runOptions } from '../../fixtures/options/run-options.js'

/** What a run keeps of its options: it went through the backend as JSON. */
const kept = (options: RunOptions) =>
  JSON.parse(JSON.stringify(storedOptions(options))) as Record<string, unknown>
const change = (was: Partial<RunOptions>, is: Partial<RunOptions>) => {
  const first = runOptions(was)
  return differencesOf(kept(first), limitsOf(first), runOptions({ ...was, ...is }))
}

describe('going on with a run', () => {
  it('is free with the same options', () => {
    expect(change({}, {})).toEqual([])
    expect(change({ threshold: 0.28, include: ['*/a/*'], languages: ['de'] }, {})).toEqual([])
  })

  it.each<Partial<RunOptions>>([
    { connectTo: ['::127.0.0.1:8100'] },
    { allowPrivate: ['127.0.0.0/8'] },
    { concurrency: 99 },
    { hostConcurrency: 99 },
    { threads: 4 },
    { provider: 'cuda' },
    { maxTimeMs: 1 },
    { maxTimeMs: null },
    { userAgent: 'another/2.0' },
    { delayMs: 5_000 },
    { imageDelayMs: 5_000 },
    { out: '/elsewhere' },
    { backend: 'pglite:/elsewhere' },
  ])('is free with other %o: it changes how, not what', (is) => {
    expect(change({}, is)).toEqual([])
  })

  it.each<[Partial<RunOptions>, Partial<RunOptions>]>([
    [{ model: 'clip' }, { model: 'none' }],
    [{ threshold: null }, { threshold: 0.3 }],
    [{ maxDepth: 3 }, { maxDepth: 4 }],
    [{ scope: 'host' }, { scope: 'any' }],
    [{ render: 'auto' }, { render: 'never' }],
    [{ include: [] }, { include: ['*'] }],
    [{ languages: ['de'] }, { languages: null }],
    [{ minSide: 200 }, { minSide: 100 }],
    [{ dedupe: 'near' }, { dedupe: 'off' }],
    [{ imageFormat: 'jpg' }, { imageFormat: 'png' }],
    [{ shardSize: null }, { shardSize: 10 }],
    [{ seed: 'a' }, { seed: 'b' }],
  ])('is refused where %o becomes %o, with the difference', (was, is) => {
    const [option = ''] = Object.keys(is) as (keyof RunOptions)[]
    expect(change(was, is)).toEqual([{ option, was: was[option as never], is: is[option as never] }])
  })

  it('takes a run from before there were browsers for one without', () => {
    const options = runOptions({ render: 'never' })
    const { render: _, ...older } = kept(options)
    expect(differencesOf(older, limitsOf(options), options)).toEqual([])
    expect(differencesOf(older, limitsOf(options), runOptions({ render: 'auto' }))).toEqual([
      { option: 'render', was: 'never', is: 'auto' },
    ])
  })

  it.each(['embeddings', 'rejectedPictures'] as const)(
    'lets a run from before there were %s go on without',
    (option) => {
      expect(olderOptions[option]).toBe('off')
      const options = runOptions({ [option]: 'off' })
      const { [option]: _, ...older } = kept(options)
      expect(differencesOf(older, limitsOf(options), options)).toEqual([])
    },
  )

  it('has a run from before it could be told fetch four at once, as it did', () => {
    expect(olderOptions.hostConcurrency).toBe(4)
    expect(defaultOf('hostConcurrency')).toBe(4)
  })

  it.each(['maxPages', 'maxPairs', 'maxPagesPerHost'] as const)(
    'lets %s be raised, not lowered',
    (option) => {
      expect(change({ [option]: 10 }, { [option]: 20 })).toEqual([])
      expect(change({ [option]: 10 }, { [option]: null })).toEqual([])
      expect(change({ [option]: 10 }, { [option]: 9 })).toEqual([{ option, was: 10, is: 9 }])
      expect(change({ [option]: null }, { [option]: 10 })).toEqual([{ option, was: null, is: 10 }])
      expect(change({ [option]: null }, { [option]: null })).toEqual([])
    },
  )

  it('lets seeds be added and put in another order, not left out', () => {
    const [a, b, c] = ['http://a.test/', 'http://b.test/', 'http://c.test/']
    expect(change({ seeds: [a, b] }, { seeds: [b, c, a] })).toEqual([])
    expect(change({ seeds: [a, b] }, { seeds: [a, c] })).toEqual([
      { option: 'seeds', was: [a, b], is: [a, c] },
    ])
  })

  it('lets lists be added, not left out or read by other columns', () => {
    const list = (path: string, caption = 'caption') => ({
      kind: 'list' as const,
      path,
      format: 'csv' as const,
      gzip: false,
      columns: { url: 'url', caption, page: null, licence: null },
    })
    const options = (now: Parameters<typeof change>[1]) => change({ sources: [list('/a')] }, now)
    expect(options({ sources: [list('/b'), list('/a')] })).toEqual([])
    expect(options({ sources: [list('/b')] }).map(({ option }) => option)).toEqual(['sources'])
    expect(options({ sources: [list('/a', 'alt')] }).map(({ option }) => option)).toEqual(['sources'])
    const { sources: _, ...older } = kept(runOptions())
    expect(differencesOf(older, limitsOf(runOptions()), runOptions())).toEqual([])
  })

  it('is refused where the run knows nothing of an option', () => {
    const options = runOptions()
    const { seed: _, ...older } = kept(options)
    expect(differencesOf(older, limitsOf(options), options)).toEqual([
      { option: 'seed', was: undefined, is: options.seed },
    ])
  })

  it('names every difference', () => {
    expect(
      change({}, { minSide: 1, maxAspect: 9, maxPages: 1 })
        .map(({ option }) => option)
        .toSorted(),
    ).toEqual(['maxAspect', 'maxPages', 'minSide'])
  })
})
