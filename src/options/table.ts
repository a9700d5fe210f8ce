import { z } from 'zod'
import { optOuts, storedFormats } from '../records/index.js'
import {
  addressRange,
  connection,
  contact,
  duration,
  kindOf,
  languages,
  list,
  number,
  oneOf,
  optional,
  optOutNames,
  orNull,
  pattern,
  place,
  shaped,
  text,
  textOrList,
  whole,
  wholeOrNone,
} from './kinds.js'
import { option, type RunOption, under } from './option.js'

export const progressStyles = ['bars', 'plain', 'json'] as const
export type ProgressStyle = (typeof progressStyles)[number]

const freely = { change: 'freely' } as const
const noLimit = { default: null, fallback: 'no limit' } as const
/** Limit that may be raised. */
const raised = { ...noLimit, change: 'raise' } as const
/** Not where sources are read: nothing of theirs is fetched as a page. */
const ofPages = { takenBy: ['run', 'crawl'] } as const
/** Not of a run in a fleet: its workers decide it for themselves. */
const ofProcess = { takenBy: ['run', 'sources'], change: 'freely' } as const

/** The first word of a user agent is the product token that robots.txt rules are matched by (RFC 9309 section 2.2.1). */
const productFirst = /^[A-Za-z_-][\x20-\x7e]*$/

/** Every option of a run, in the order of the help, keyed by its name in a config file: its flag in camelCase. */
export const optionTable = {
  ...under('Start and target:', {
    out: option(
      place,
      'folder for the dataset, or s3://BUCKET/PREFIX; an unfinished run in it goes on, files of others in it are never replaced',
      freely,
    ),
    seeds: option(
      kindOf('FILE|-', 'a file name, or - for standard input', textOrList(text)),
      'more seeds, one URL a line, # begins a comment line; - reads standard input',
      { change: 'add', ...ofPages },
    ),
    model: option(
      kindOf('NAME|DIR|none', 'the name of a model, its folder, or none', text),
      'CLIP model: a name, fetched on first use, or a folder with its ONNX files; none = no scores',
      { default: 'clip-vit-base-patch32' },
    ),
    precision: option(
      orNull(oneOf('fp32', 'int8')),
      'numbers that the model computes in: int8 is quicker on CPUs, and its scores are not those of fp32',
      { default: null, fallback: 'as the model comes: fp32 where it has that' },
    ),
  }),
  ...under('Limits (raise one later to go on with the same run):', {
    maxPages: option(wholeOrNone(1), 'stop after N pages', { ...raised, ...ofPages }),
    maxPairs: option(wholeOrNone(1), 'stop after N kept pairs', raised),
    maxTime: option(duration, 'stop after this time: 500ms, 30s, 10m, 2h, 1h30m', {
      ...noLimit,
      ...freely,
      field: 'maxTimeMs',
    }),
    maxPagesPerHost: option(wholeOrNone(1), 'at most N pages from one host', { ...raised, ...ofPages }),
  }),
  ...under('Which pages:', {
    scope: option(
      oneOf('host', 'domain', 'any'),
      "follow links within a seed's host, within its registrable domain, or anywhere",
      { default: 'host', ...ofPages },
    ),
    maxDepth: option(wholeOrNone(0), 'follow at most N links from a seed; 0 = the seeds alone', {
      ...noLimit,
      ...ofPages,
    }),
    include: option(
      list(pattern),
      'only pages whose URL matches: * and ? as in a shell, or /regular expression/',
      { fallback: 'every page', ...ofPages },
    ),
    exclude: option(list(pattern), 'no pages whose URL matches; wins over --include', {
      fallback: 'none',
      ...ofPages,
    }),
    sitemaps: option(oneOf('on', 'off'), 'crawl the sitemaps too that the robots.txt of a seed names', {
      default: 'off',
      ...ofPages,
    }),
    render: option(
      oneOf('never', 'auto', 'always'),
      'look at pages with Chromium too: at none, where scripts build them and it pays, or at all',
      { default: 'auto' },
    ),
    rules: option(
      kindOf('FILE', 'a file with a JSON list of site rules', textOrList(z.unknown())),
      'what to take from pages of some hosts, as a JSON list of CSS selectors (docs/rules.md)',
      { fallback: 'none: every page is read alike' },
    ),
  }),
  ...under('Politeness and network:', {
    delayMs: option(whole('MS', 0), 'least time between two pages of one host', { default: 1000, ...freely }),
    imageDelayMs: option(optional(whole('MS', 0)), 'least time between two images of one host', {
      fallback: 'a fifth of --delay-ms',
      ...freely,
    }),
    hostConcurrency: option(
      whole('N', 1, 256),
      'fetches at once from one host, where neither an option nor the host asks for a delay',
      { default: 4, ...freely },
    ),
    concurrency: option(whole('N', 1, 1000), 'hosts crawled at once', { default: 16, ...ofProcess }),
    userAgent: option(
      kindOf(
        'TEXT',
        'printable ASCII that begins with a product name such as mybot/1.0',
        shaped(productFirst),
      ),
      'how the crawler names itself; robots.txt rules for its first word apply',
      { fallback: 'pairmill/VERSION (+its home page)', ...freely },
    ),
    contact: option(
      kindOf('MAIL|URL', 'an e-mail address, or an http or https URL', contact),
      'how those whose sites are crawled reach you: put into the user agent, and asked for unless that names one',
      { fallback: 'none: needed unless every seed is on this machine', ...freely, field: 'userAgent' },
    ),
    ignoreOptOut: option(optOutNames, `take what a site opts out of in this way: ${optOuts.join(', ')}`, {
      fallback: 'none: all are obeyed',
    }),
    connectTo: option(
      list(connection),
      "HOST1:PORT1:HOST2:PORT2, as curl's option: dial the second where a URL names the first; empty = any, or unchanged",
      { fallback: 'none', ...freely },
    ),
    allowPrivate: option(
      list(addressRange),
      'allow private or loopback addresses in this range, e.g. 127.0.0.0/8',
      { fallback: 'none: they are refused', ...freely },
    ),
  }),
  ...under('Which pairs are kept:', {
    threshold: option(orNull(number(-1, 1)), 'least cosine similarity of image and caption', {
      default: null,
      fallback: "the model's own",
    }),
    concepts: option(
      kindOf('FILE|none', 'a file with a JSON list of concepts, or none', textOrList(z.unknown())),
      'what to tag, drop or keep images for, as a JSON list of concepts; none = no tags',
      { fallback: 'with CLIP ViT-B/32, tags for unsafe, watermark, text-only, logo and placeholder' },
    ),
    reject: option(
      list(kindOf('FILE', 'the name of a file', text)),
      'what is never to be taken: a file of hashes of images, URLs and hosts, one a line, or the retracted.json of a dataset; stays with the run (docs/permission.md)',
      { fallback: 'none', change: 'add' },
    ),
    lang: option(languages, 'keep captions in these languages: en, or en,de', {
      fallback: 'every language',
      field: 'languages',
    }),
    minSide: option(whole('PX', 1), 'least length of the shorter side', { default: 200 }),
    maxAspect: option(number(1), 'longer side at most X times the shorter', { default: 3 }),
    minBytes: option(
      { ...whole('N', 0), expected: 'a whole number of bytes from 0' },
      'least size of the fetched image file',
      { default: 5000 },
    ),
    dedupe: option(
      oneOf('near', 'exact', 'off'),
      'drop images that look alike, only identical files, or none',
      { default: 'near' },
    ),
    repeatedText: option(wholeOrNone(1), 'drop a caption that stood beside more than N images; none = keep', {
      default: 10,
    }),
  }),
  ...under('What is written:', {
    imageSize: option(whole('PX', 16, 8192), 'longer side of stored images; smaller ones are not enlarged', {
      default: 512,
    }),
    imageFormat: option(oneOf(...storedFormats), 'file format of stored images', { default: 'jpg' }),
    imageQuality: option(whole('N', 1, 100), 'quality of jpg and webp', { default: 95 }),
    shardSize: option(orNull(whole('N', 1, 1_000_000)), 'samples in a shard', {
      default: null,
      fallback: '10000, less when the run is small',
    }),
    minShards: option(
      orNull(whole('N', 1, 100_000)),
      'a small run is cut into so many shards, of at least 256 samples each: training wants one a reader',
      { default: null, fallback: '8; with --shard-size, 1', ...freely },
    ),
    embeddings: option(
      oneOf('on', 'off'),
      'write the embeddings of each kept image and caption, in 16 bits; there are none without a model',
      { default: 'on' },
    ),
    rejectedPictures: option(
      oneOf('on', 'off'),
      'keep a small picture of some that were rejected for their size, shape or score, to look at',
      { default: 'on' },
    ),
    shuffleSeed: option(
      kindOf('TEXT', 'a text that is not empty', text),
      'seed of the shuffle across shards',
      { default: 'pairmill', field: 'seed' },
    ),
  }),
  ...under('Machine:', {
    backend: option(
      kindOf('URL', 'pglite: and a folder', shaped(/^pglite:./)),
      'where the state of the run is kept: pglite:DIR, a local folder; must be given with --out s3://...',
      { fallback: 'pglite: in OUT/.pairmill/db', ...freely, takenBy: ['run'] },
    ),
    threads: option(orNull(whole('N', 1, 256)), 'threads of the CLIP model', {
      default: null,
      fallback: 'one a core',
      ...ofProcess,
    }),
    provider: option(oneOf('cpu', 'cuda'), 'what the CLIP model is run on; never another than this', {
      default: 'cpu',
      ...ofProcess,
    }),
    batchSize: option(whole('N', 1, 4096), 'candidates filtered and committed together', { default: 256 }),
    progress: option(
      orNull(oneOf(...progressStyles)),
      'how progress is shown on standard error: bars, a line now and then, or JSON lines (docs/progress.md)',
      { default: null, fallback: 'bars on a terminal, else json', ...ofProcess },
    ),
  }),
}

export type OptionKey = keyof typeof optionTable

export const optionKeys = Object.keys(optionTable) as readonly OptionKey[]

export const optionOf = (key: OptionKey): RunOption => optionTable[key]

/** Value that a run has of an option that is not given. */
export const defaultOf = <Key extends OptionKey>(key: Key) =>
  optionTable[key].schema.parse(undefined) as z.output<(typeof optionTable)[Key]['schema']>

export const flagOf = (key: OptionKey): string =>
  `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** The default as the help tells it; null = nothing to say. */
export function defaultText({ fallback, default: value }: RunOption): string | null {
  return fallback ?? (typeof value === 'string' || typeof value === 'number' ? String(value) : null)
}
