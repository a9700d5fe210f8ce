import { describe, expect, it } from 'vitest'
import {
  flagOf,
  flagOfField,
  type GivenOptions,
  optionKeys,
  parseRunOptions,
} from '../../../src/options/index.js'

const parse = (given: GivenOptions) =>
  parseRunOptions(
    { out: 'pairs', ...given },
    {
      seeds: ['https://example.org/'],
      sources: [],
      cwd: '/home/ada',
      userAgent: 'pairmill/0.1 (+https://example.org/)',
      concepts: null,
      rules: [],
      reject: [],
      isFolder: (path) => path === '/home/ada/my-clip',
      nameOf: (key) => flagOf(optionKeys.find((name) => name === key) ?? 'out'),
    },
  )

const optionsOf = (given: GivenOptions) => {
  const parsed = parse(given)
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'))
  return parsed.options
}

const problemsOf = (given: GivenOptions) => {
  const parsed = parse(given)
  return 'problems' in parsed ? parsed.problems : []
}

describe('run options', () => {
  it('have defaults', () => {
    expect(optionsOf({})).toEqual({
      seeds: ['https://example.org/'],
      sources: [],
      reject: [],
      out: '/home/ada/pairs',
      backend: 'pglite:/home/ada/pairs/.pairmill/db',
      model: 'clip-vit-base-patch32',
      threshold: null,
      concepts: null,
      rules: [],
      maxPages: null,
      maxPairs: null,
      maxTimeMs: null,
      maxDepth: null,
      maxPagesPerHost: null,
      scope: 'host',
      include: [],
      exclude: [],
      sitemaps: 'off',
      render: 'auto',
      delayMs: 1000,
      imageDelayMs: 200,
      hostConcurrency: 4,
      precision: null,
      concurrency: 16,
      userAgent: 'pairmill/0.1 (+https://example.org/)',
      ignoreOptOut: [],
      languages: null,
      minSide: 200,
      maxAspect: 3,
      minBytes: 5000,
      dedupe: 'near',
      imageSize: 512,
      imageFormat: 'jpg',
      imageQuality: 95,
      repeatedText: 10,
      shardSize: null,
      minShards: null,
      embeddings: 'on',
      rejectedPictures: 'on',
      connectTo: [],
      allowPrivate: [],
      batchSize: 256,
      threads: null,
      progress: null,
      provider: 'cpu',
      seed: 'pairmill',
    })
  })

  it.each([
    [{ maxPages: '300' }, { maxPages: 300 }],
    [{ maxPages: 300 }, { maxPages: 300 }],
    [{ maxPages: 'none' }, { maxPages: null }],
    [{ maxPages: null }, { maxPages: null }],
    [{ maxDepth: '0' }, { maxDepth: 0 }],
    [{ maxTime: '1h30m' }, { maxTimeMs: 5_400_000 }],
    [{ maxTime: 'none' }, { maxTimeMs: null }],
    [{ delayMs: '250' }, { delayMs: 250, imageDelayMs: 50 }],
    [
      { delayMs: '250', imageDelayMs: '0' },
      { delayMs: 250, imageDelayMs: 0 },
    ],
    [{ threshold: '-0.05' }, { threshold: -0.05 }],
    [{ maxAspect: '2.5' }, { maxAspect: 2.5 }],
    [{ lang: ['en', 'de,FR', 'en'] }, { languages: ['de', 'en', 'fr'] }],
    [{ lang: 'en' }, { languages: ['en'] }],
    [{ repeatedText: 'none' }, { repeatedText: null }],
    [{ include: '*/gallery/*' }, { include: ['*/gallery/*'] }],
    [{ exclude: ['/\\d{4}/', '*.pdf'] }, { exclude: ['/\\d{4}/', '*.pdf'] }],
    [{ connectTo: ['::127.0.0.1:8100'] }, { connectTo: ['::127.0.0.1:8100'] }],
    [
      { allowPrivate: ['127.0.0.0/8', '10.1.2.3', '::1'] },
      { allowPrivate: ['127.0.0.0/8', '10.1.2.3/32', '::1/128'] },
    ],
    [{ out: '/data/x' }, { out: '/data/x', backend: 'pglite:/data/x/.pairmill/db' }],
    [{ backend: 'pglite:state' }, { backend: 'pglite:/home/ada/state' }],
    [{ out: 's3://bucket/prefix/' }, { out: 's3://bucket/prefix', backend: '' }],
    [
      { out: 's3://bucket', backend: 'pglite:state' },
      { out: 's3://bucket', backend: 'pglite:/home/ada/state/.pairmill/db' },
    ],
    [{ model: 'my-clip' }, { model: '/home/ada/my-clip' }],
    [{ model: './other' }, { model: '/home/ada/other' }],
    [{ model: 'Xenova/clip-vit-large' }, { model: 'Xenova/clip-vit-large' }],
    [{ model: 'none' }, { model: 'none' }],
    [{ shuffleSeed: '7' }, { seed: '7' }],
    [{ seeds: 'sites.txt' }, { seeds: ['https://example.org/'] }],
  ])('%j are read as %j', (given, expected) => {
    expect(optionsOf(given)).toMatchObject(expected)
  })

  it.each([
    [{ maxPages: 'abc' }, "--max-pages: expected a whole number from 1, or none, got 'abc'"],
    [{ maxPages: '0' }, "--max-pages: expected a whole number from 1, or none, got '0'"],
    [{ maxPages: '1.5' }, "--max-pages: expected a whole number from 1, or none, got '1.5'"],
    [{ maxPages: '1e9' }, "--max-pages: expected a whole number from 1, or none, got '1e9'"],
    [{ maxPages: true }, '--max-pages: expected a whole number from 1, or none, got true'],
    [
      { maxTime: '30' },
      "--max-time: expected a time with its unit such as 30s, 10m or 2h, or none, got '30'",
    ],
    [{ maxTime: 30 }, '--max-time: expected a time with its unit such as 30s, 10m or 2h, or none, got 30'],
    [
      { maxTime: '0s' },
      "--max-time: expected a time with its unit such as 30s, 10m or 2h, or none, got '0s'",
    ],
    [{ dedupe: 'naer' }, "--dedupe: expected near, exact or off, got 'naer'; did you mean near?"],
    [{ scope: 'hosts' }, "--scope: expected host, domain or any, got 'hosts'; did you mean host?"],
    [{ scope: 'web' }, "--scope: expected host, domain or any, got 'web'"],
    [{ threshold: '28' }, "--threshold: expected a number from -1 to 1, got '28'"],
    [
      { lang: 'english' },
      "--lang: expected language codes of two or three letters such as en or en,de, got 'english'",
    ],
    [{ imageQuality: '101' }, "--image-quality: expected a whole number from 1 to 100, got '101'"],
    [
      { userAgent: 'böt' },
      "--user-agent: expected printable ASCII that begins with a product name such as mybot/1.0, got 'böt'",
    ],
    [
      { allowPrivate: ['127.0.0.0/8', 'home'] },
      "--allow-private: expected an address range such as 127.0.0.0/8 or ::1/128, got 'home'",
    ],
    [{ backend: 'redis://localhost' }, "--backend: expected pglite: and a folder, got 'redis://localhost'"],
    [{ minSide: null }, '--min-side: expected a whole number of pixels from 1, got null'],
    [{ out: '' }, "--out: expected a folder or s3://BUCKET/PREFIX, got ''"],
    [{ out: undefined }, '--out: missing; expected a folder or s3://BUCKET/PREFIX'],
    [
      { out: 'gs://bucket/prefix' },
      "--out: expected a folder or s3://BUCKET/PREFIX, got 'gs://bucket/prefix' (nothing else can be written to)",
    ],
    [
      { out: 's3://bucket//x' },
      "--out: expected a folder or s3://BUCKET/PREFIX, got 's3://bucket//x' (expected s3://BUCKET/PREFIX; a prefix has no empty part, '.', '..' or backslash, got '/x')",
    ],
  ])('%j are refused with a message', (given, message) => {
    expect(problemsOf(given)).toEqual([message])
  })

  it('that cannot be used are all named at once, with what is wrong inside', () => {
    const problems = problemsOf({ maxPages: 'x', include: ['/(/'], connectTo: ['a:b'] })
    expect(problems).toHaveLength(3)
    expect(problems.join('\n')).toMatch(
      /--max-pages: .*\n--include: expected a pattern .*, got '\/\(\/' \(Invalid regular expression.*\n--connect-to: expected HOST1.*, got 'a:b' \(.*\)/,
    )
  })

  it('can be named by their flag when they differ from those of the run', () => {
    for (const key of Object.keys(optionsOf({}))) {
      expect(flagOfField(key)).toMatch(/^(--[a-z-]+|<seed\.\.\.>|<LIST\.\.\.>, <PATH\.\.\.>)$/)
    }
  })
})

it.each<GivenOptions>([
  { out: 's3://AKIA:hunter2@bucket/p' },
  { out: 's3://bucket//p?token=hunter2' },
  { out: 'https://ada:hunter2@h/' },
  { backend: 'redis://:hun/hunter2@h' },
  { backend: 'postgres://ada:hunter2@h/db?password=hunter2' },
  { connectTo: ['::ada:hunter2@h:80'] },
  { connectTo: ['::ada:hunter2@h'] },
  { connectTo: ['::http://ada:hunter2@h:80'] },
  { allowPrivate: ['ada:hunter2@10.0.0.0/8'] },
  { contact: 'ada:hunter2@h' },
  { maxPages: { proxy: 'https://ada:hunter2@h/', filler: 'x'.repeat(80) } },
  { maxPages: { filler: 'x'.repeat(45), proxy: 'https://ada:hunter2hunter2hunter2@h/' } },
])('a refusal of %j does not repeat what is secret in it', (given) => {
  const problems = problemsOf(given)
  expect(problems).not.toEqual([])
  expect(problems.join('\n')).not.toContain('hunter2')
})
