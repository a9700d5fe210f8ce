import { describe, expect, it } from 'vitest'
import {
  defaultText,
  differencesOf,
  flagOf,
  flagOfField,
  givenFields,
  limitsOf,
  type OptionKey,
  optionKeys,
  optionOf,
  parseRunOptions,
  type RunOptions,
  storedOptions,
} from '../../../src/options/index.js'
import { runOptions } from '../../fixtures/options/run-options.js'

const fieldOf = (key: OptionKey) => optionOf(key).field ?? key

/** What a run has where these are given. */
function optionsWith(given: Readonly<Record<string, unknown>>): RunOptions {
  const parsed = parseRunOptions(
    { out: '/data/pairs', model: 'clip', ...given },
    {
      seeds: typeof given.seeds === 'string' ? [given.seeds] : ['http://a.test/'],
      sources: [],
      concepts: Array.isArray(given.concepts) ? given.concepts : null,
      rules: Array.isArray(given.rules) ? given.rules : [],
      reject: given.reject === undefined ? [] : [{ name: 'list.txt', sha256: 'ab', entries: 7 }],
      cwd: '/',
      userAgent: 'pairmill/0.1.0',
      isFolder: () => false,
      nameOf: flagOfField,
    },
  )
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'))
  return parsed.options
}

/** Each option as few give it. */
const unusual: Readonly<Record<OptionKey, unknown>> = {
  out: '/data/other',
  seeds: 'http://b.test/',
  model: 'other',
  precision: 'int8',
  maxPages: 7,
  maxPairs: 7,
  maxTime: '7s',
  maxPagesPerHost: 7,
  scope: 'any',
  maxDepth: 7,
  include: '*/a/*',
  exclude: '*/b/*',
  sitemaps: 'on',
  render: 'always',
  rules: [{ hosts: ['a.test'] }],
  delayMs: 7,
  imageDelayMs: 7,
  hostConcurrency: 7,
  concurrency: 7,
  userAgent: 'mybot/1.0',
  contact: 'ada@example.org',
  ignoreOptOut: 'tdm',
  connectTo: '::127.0.0.1:80',
  allowPrivate: '10.0.0.0/8',
  threshold: 0.7,
  concepts: [{ name: 'cat' }],
  reject: 'list.txt',
  lang: 'de',
  minSide: 7,
  maxAspect: 7,
  minBytes: 7,
  dedupe: 'off',
  repeatedText: 7,
  imageSize: 77,
  imageFormat: 'png',
  imageQuality: 7,
  minShards: 7,
  embeddings: 'off',
  rejectedPictures: 'off',
  shardSize: 7,
  shuffleSeed: 'seven',
  backend: 'pglite:/data/state',
  threads: 7,
  provider: 'cuda',
  batchSize: 7,
  progress: 'plain',
}

describe('the table of options', () => {
  it('has each option of a run once, the contact beside the user agent that it goes into', () => {
    const fields = optionKeys.filter((key) => key !== 'contact').map(fieldOf)
    expect([...fields, 'sources'].toSorted()).toEqual(Object.keys(runOptions()).toSorted())
    expect(fieldOf('contact')).toBe('userAgent')
  })

  it('has flags that are the names in a config file in kebab case', () => {
    expect(optionKeys.map(flagOf).slice(0, 5)).toEqual([
      ...['--out', '--seeds', '--model', '--precision', '--max-pages'],
    ])
    for (const key of optionKeys) expect(flagOf(key)).toMatch(/^--[a-z]+(-[a-z]+)*$/)
    expect(new Set(optionKeys.map(flagOf)).size).toBe(optionKeys.length)
  })

  it.each(optionKeys.filter((key) => key !== 'out'))('has a default of %s that may be given too', (key) => {
    const { schema } = optionOf(key)
    const usual = schema.parse(undefined)
    if (usual !== undefined) expect(schema.parse(usual)).toEqual(usual)
  })

  it.each(optionKeys)('says in the help what %s is where it is not given', (key) => {
    const { default: usual, fallback } = optionOf(key)
    const said = defaultText(optionOf(key))
    if (key === 'out' || key === 'seeds') expect(said).toBeNull()
    else if (typeof usual === 'string' || typeof usual === 'number') {
      expect([fallback, said]).toEqual([undefined, String(usual)])
    } else expect(said).not.toBe('')
  })

  it('names a choice by its placeholder', () => {
    for (const key of ['scope', 'render', 'dedupe', 'imageFormat', 'provider'] as const) {
      const { choices, value } = optionOf(key)
      expect(value.split('|')).toEqual(choices)
    }
  })

  it.each(optionKeys)('knows by %s what it decides', (key) => {
    const was = optionsWith({})
    const is = optionsWith({ [key]: unusual[key] })
    const changed = Object.keys(is).filter(
      (field) =>
        JSON.stringify(is[field as keyof RunOptions]) !== JSON.stringify(was[field as keyof RunOptions]),
    )
    const follows = key === 'out' ? ['backend'] : []
    expect([...givenFields({ [key]: unusual[key] }), ...follows].toSorted()).toEqual(changed.toSorted())
  })
})

describe('a run that goes on', () => {
  const named = (was: RunOptions, is: RunOptions) =>
    differencesOf(storedOptions(was), limitsOf(was), is).map(({ option }) => option)
  const keysThat = (change: 'freely' | 'raise' | undefined) =>
    optionKeys.filter((key) => optionOf(key).change === change)

  it.each(keysThat('freely'))('may have another %s', (key) => {
    expect(named(optionsWith({}), optionsWith({ [key]: unusual[key] }))).toEqual([])
    expect(Object.keys(storedOptions(optionsWith({})))).not.toContain(fieldOf(key))
  })

  it.each(keysThat('raise'))('may have more of %s, not less', (key) => {
    const [less, more, all] = [5, 9, 'none'].map((given) => optionsWith({ [key]: given }))
    if (less === undefined || more === undefined || all === undefined) throw new Error('three are read')
    expect([named(less, more), named(less, all), named(more, more), named(all, all)]).toEqual([
      [],
      [],
      [],
      [],
    ])
    expect([named(more, less), named(all, more)]).toEqual([[key], [key]])
  })

  it.each(keysThat(undefined))('is refused with another %s, which is stored with it', (key) => {
    expect(named(optionsWith({}), optionsWith({ [key]: unusual[key] }))).toEqual([fieldOf(key)])
    expect(Object.keys(storedOptions(optionsWith({})))).toContain(fieldOf(key))
  })

  it('may have more seeds, and none of them left out', () => {
    const [one, both] = [['http://a.test/'], ['http://a.test/', 'http://b.test/']].map((seeds) =>
      runOptions({ seeds }),
    )
    if (one === undefined || both === undefined) throw new Error('two are read')
    expect([named(one, both), named(both, one)]).toEqual([[], ['seeds']])
  })
})
