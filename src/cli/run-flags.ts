import { optOuts } from '../records/index.js'

/** How one option of `pairmill run` looks to people. What it may be is checked in run-options.ts. */
export interface Flag {
  readonly flag: string
  /** Placeholder of the value in the help. */
  readonly value: string
  readonly group: string
  readonly help: string
  /** Default, as the help tells it; null = nothing to say. */
  readonly fallback: string | null
  /** Completes "expected ..." in a message. */
  readonly expected: string
  /** May be given several times. */
  readonly repeatable?: true
  /** The closed set of values, from which a typo is corrected. */
  readonly choices?: readonly string[]
}

const start = 'Start and target:'
const limits = 'Limits (raise one later to go on with the same run):'
const scope = 'Which pages:'
const network = 'Politeness and network:'
const pairs = 'Which pairs are kept:'
const output = 'What is written:'
const machine = 'Machine:'

const limitOf = (what: string) => ({ fallback: 'no limit', expected: `${what}, or none` })

/**
 * Every option with a value, keyed by its name in a config file: the flag in camelCase. The order is the order
 * of the help.
 */
export const runFlags = {
  out: {
    flag: '--out',
    value: 'DIR|s3://...',
    group: start,
    help: 'folder for the dataset, or s3://BUCKET/PREFIX; an unfinished run in it goes on, files of others in it are never replaced',
    fallback: null,
    expected: 'a folder or s3://BUCKET/PREFIX',
  },
  seeds: {
    flag: '--seeds',
    value: 'FILE|-',
    group: start,
    help: 'more seeds, one URL a line, # begins a comment line; - reads standard input',
    fallback: null,
    expected: 'a file name, or - for standard input',
  },
  model: {
    flag: '--model',
    value: 'NAME|DIR|none',
    group: start,
    help: 'CLIP model: a name, fetched on first use, or a folder with its ONNX files; none = no scores',
    fallback: 'clip-vit-base-patch32',
    expected: 'the name of a model, its folder, or none',
  },
  maxPages: {
    flag: '--max-pages',
    value: 'N',
    group: limits,
    help: 'stop after N pages',
    ...limitOf('a whole number from 1'),
  },
  maxPairs: {
    flag: '--max-pairs',
    value: 'N',
    group: limits,
    help: 'stop after N kept pairs',
    ...limitOf('a whole number from 1'),
  },
  maxTime: {
    flag: '--max-time',
    value: 'TIME',
    group: limits,
    help: 'stop after this time: 500ms, 30s, 10m, 2h, 1h30m',
    ...limitOf('a time with its unit such as 30s, 10m or 2h'),
  },
  maxPagesPerHost: {
    flag: '--max-pages-per-host',
    value: 'N',
    group: limits,
    help: 'at most N pages from one host',
    ...limitOf('a whole number from 1'),
  },
  scope: {
    flag: '--scope',
    value: 'host|domain|any',
    group: scope,
    help: "follow links within a seed's host, within its registrable domain, or anywhere",
    fallback: 'host',
    expected: 'host, domain or any',
    choices: ['host', 'domain', 'any'],
  },
  maxDepth: {
    flag: '--max-depth',
    value: 'N',
    group: scope,
    help: 'follow at most N links from a seed; 0 = the seeds alone',
    ...limitOf('a whole number from 0'),
  },
  include: {
    flag: '--include',
    value: 'PATTERN',
    group: scope,
    help: 'only pages whose URL matches: * and ? as in a shell, or /regular expression/',
    fallback: 'every page',
    expected: 'a pattern of * and ?, or a /regular expression/',
    repeatable: true,
  },
  exclude: {
    flag: '--exclude',
    value: 'PATTERN',
    group: scope,
    help: 'no pages whose URL matches; wins over --include',
    fallback: 'none',
    expected: 'a pattern of * and ?, or a /regular expression/',
    repeatable: true,
  },
  sitemaps: {
    flag: '--sitemaps',
    value: 'on|off',
    group: scope,
    help: 'crawl the sitemaps too that the robots.txt of a seed names',
    fallback: 'off',
    expected: 'on or off',
    choices: ['on', 'off'],
  },
  render: {
    flag: '--render',
    value: 'never|auto|always',
    group: scope,
    help: 'look at pages with Chromium too: at none, where scripts build them and it pays, or at all',
    fallback: 'auto',
    expected: 'never, auto or always',
    choices: ['never', 'auto', 'always'],
  },
  delayMs: {
    flag: '--delay-ms',
    value: 'MS',
    group: network,
    help: 'least time between two pages of one host',
    fallback: '1000',
    expected: 'a whole number of milliseconds from 0',
  },
  imageDelayMs: {
    flag: '--image-delay-ms',
    value: 'MS',
    group: network,
    help: 'least time between two images of one host',
    fallback: 'a fifth of --delay-ms',
    expected: 'a whole number of milliseconds from 0',
  },
  concurrency: {
    flag: '--concurrency',
    value: 'N',
    group: network,
    help: 'hosts crawled at once',
    fallback: '16',
    expected: 'a whole number from 1 to 1000',
  },
  userAgent: {
    flag: '--user-agent',
    value: 'TEXT',
    group: network,
    help: 'how the crawler names itself; robots.txt rules for its first word apply',
    fallback: 'pairmill/VERSION (+its home page)',
    expected: 'printable ASCII that begins with a product name such as mybot/1.0',
  },
  contact: {
    flag: '--contact',
    value: 'MAIL|URL',
    group: network,
    help: 'how those whose sites are crawled reach you: put into the user agent, and asked for unless that names one',
    fallback: 'none: needed unless every seed is on this machine',
    expected: 'an e-mail address, or an http or https URL',
  },
  ignoreOptOut: {
    flag: '--ignore-opt-out',
    value: 'NAME',
    group: network,
    help: `take what a site opts out of in this way: ${optOuts.join(', ')}`,
    fallback: 'none: all are obeyed',
    expected: `one of ${optOuts.join(', ')}`,
    repeatable: true,
    choices: optOuts,
  },
  connectTo: {
    flag: '--connect-to',
    value: 'RULE',
    group: network,
    help: "HOST1:PORT1:HOST2:PORT2, as curl's option: dial the second where a URL names the first; empty = any, or unchanged",
    fallback: 'none',
    expected: 'HOST1:PORT1:HOST2:PORT2',
    repeatable: true,
  },
  allowPrivate: {
    flag: '--allow-private',
    value: 'CIDR',
    group: network,
    help: 'allow private or loopback addresses in this range, e.g. 127.0.0.0/8',
    fallback: 'none: they are refused',
    expected: 'an address range such as 127.0.0.0/8 or ::1/128',
    repeatable: true,
  },
  threshold: {
    flag: '--threshold',
    value: 'X',
    group: pairs,
    help: 'least cosine similarity of image and caption',
    fallback: "the model's own",
    expected: 'a number from -1 to 1',
  },
  concepts: {
    flag: '--concepts',
    value: 'FILE|none',
    group: pairs,
    help: 'what to tag, drop or keep images for, as a JSON list of concepts; none = no tags',
    fallback: 'with CLIP ViT-B/32, tags for unsafe, watermark, text-only, logo and placeholder',
    expected: 'a file with a JSON list of concepts, or none',
  },
  lang: {
    flag: '--lang',
    value: 'CODE',
    group: pairs,
    help: 'keep captions in these languages: en, or en,de',
    fallback: 'every language',
    expected: 'language codes of two or three letters such as en or en,de',
    repeatable: true,
  },
  minSide: {
    flag: '--min-side',
    value: 'PX',
    group: pairs,
    help: 'least length of the shorter side',
    fallback: '200',
    expected: 'a whole number of pixels from 1',
  },
  maxAspect: {
    flag: '--max-aspect',
    value: 'X',
    group: pairs,
    help: 'longer side at most X times the shorter',
    fallback: '3',
    expected: 'a number from 1',
  },
  minBytes: {
    flag: '--min-bytes',
    value: 'N',
    group: pairs,
    help: 'least size of the fetched image file',
    fallback: '5000',
    expected: 'a whole number of bytes from 0',
  },
  dedupe: {
    flag: '--dedupe',
    value: 'near|exact|off',
    group: pairs,
    help: 'drop images that look alike, only identical files, or none',
    fallback: 'near',
    expected: 'near, exact or off',
    choices: ['near', 'exact', 'off'],
  },
  repeatedText: {
    flag: '--repeated-text',
    value: 'N',
    group: pairs,
    help: 'drop a caption that stood beside more than N images; none = keep',
    fallback: '10',
    expected: 'a whole number from 1, or none',
  },
  imageSize: {
    flag: '--image-size',
    value: 'PX',
    group: output,
    help: 'longer side of stored images; smaller ones are not enlarged',
    fallback: '512',
    expected: 'a whole number of pixels from 16 to 8192',
  },
  imageFormat: {
    flag: '--image-format',
    value: 'jpg|png|webp',
    group: output,
    help: 'file format of stored images',
    fallback: 'jpg',
    expected: 'jpg, png or webp',
    choices: ['jpg', 'png', 'webp'],
  },
  imageQuality: {
    flag: '--image-quality',
    value: 'N',
    group: output,
    help: 'quality of jpg and webp',
    fallback: '95',
    expected: 'a whole number from 1 to 100',
  },
  shardSize: {
    flag: '--shard-size',
    value: 'N',
    group: output,
    help: 'samples in a shard',
    fallback: '10000, less when the run is small',
    expected: 'a whole number from 1 to 1000000',
  },
  shuffleSeed: {
    flag: '--shuffle-seed',
    value: 'TEXT',
    group: output,
    help: 'seed of the shuffle across shards',
    fallback: 'pairmill',
    expected: 'a text that is not empty',
  },
  backend: {
    flag: '--backend',
    value: 'URL',
    group: machine,
    help: 'where the state of the run is kept: pglite:DIR, a local folder; must be given with --out s3://...',
    fallback: 'pglite: in OUT/.pairmill/db',
    expected: 'pglite: and a folder',
  },
  threads: {
    flag: '--threads',
    value: 'N',
    group: machine,
    help: 'threads of the CLIP model',
    fallback: 'one a core',
    expected: 'a whole number from 1 to 256',
  },
  provider: {
    flag: '--provider',
    value: 'cpu|cuda',
    group: machine,
    help: 'what the CLIP model is run on; never another than this',
    fallback: 'cpu',
    expected: 'cpu or cuda',
    choices: ['cpu', 'cuda'],
  },
  batchSize: {
    flag: '--batch-size',
    value: 'N',
    group: machine,
    help: 'candidates filtered and committed together',
    fallback: '256',
    expected: 'a whole number from 1 to 4096',
  },
} as const satisfies Record<string, Flag>

export type FlagKey = keyof typeof runFlags

export const flagKeys = Object.keys(runFlags) as readonly FlagKey[]

export const flagOf = (key: FlagKey): Flag => runFlags[key]

/** Keys of `RunOptions` whose flags have other names. */
const renamed: Readonly<Record<string, FlagKey>> = {
  maxTimeMs: 'maxTime',
  languages: 'lang',
  seed: 'shuffleSeed',
}

/** The keys of `RunOptions` that some given options decide. */
export function runOptionsOf(given: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const keys = Object.keys(given).map(
    (key) => Object.keys(renamed).find((option) => renamed[option] === key) ?? key,
  )
  if (keys.includes('contact')) keys.push('userAgent')
  // Unless it is given, the delay of images follows that of pages.
  return new Set(keys.includes('delayMs') ? [...keys, 'imageDelayMs'] : keys)
}

/** The flag that sets a key of `RunOptions`; the key itself where none does. */
export function flagOfRunOption(option: string): string {
  const key = renamed[option] ?? flagKeys.find((name) => name === option)
  if (option === 'seeds') return '<seed...>'
  if (option === 'sources') return '<LIST...>, <PATH...>'
  return key === undefined ? option : flagOf(key).flag
}
