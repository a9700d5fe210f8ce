/**
 * pairmill's image stage alone, of its real parts: batches of candidates are fetched, decoded, resized, encoded
 * and hashed, written to parts, and from the parts to shuffled shards. No CLIP, no dedupe, no backend.
 * Arguments: LIST.csv FOLDER LONG_SIDE QUALITY, the list as img2dataset reads it: url,"caption" after a head line.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createDevelopApart, createDevelopThreads, filterBatch, filterRules } from '../dist/filter/index.js'
import { createNet } from '../dist/net/index.js'
import { defaultOf } from '../dist/options/index.js'
import { noRefusals, optOuts } from '../dist/records/index.js'
import {
  compileDataset,
  executePlan,
  folderStore,
  partName,
  removePlanParts,
  shardCount,
  writePart,
  writePlan,
} from '../dist/shard/index.js'
import { createSemaphore } from '../dist/timing/index.js'
import { createImageFetch } from '../dist/workers/image-fetch.js'
import { nothingRejected } from '../dist/workers/index.js'

const [list, folder, longSide, quality] = process.argv.slice(2)
const run = 'bench'
const batchSize = 256
const batchesAtOnce = 3
const shardSize = 1000

const decodes = 2 * availableParallelism()
const threads = createDevelopThreads({ atOnce: decodes })
const never = new AbortController().signal
const store = folderStore(folder)
const net = createNet({ userAgent: 'pairmill-bench/1.0', connectTo: [], allowPrivate: ['127.0.0.0/8'] })
const now = () => Date.now()
const permission = { rule: 'robots:none', checkedAt: new Date().toISOString() }
const filter = {
  ...filterRules,
  minSide: defaultOf('minSide'),
  maxAspect: defaultOf('maxAspect'),
  minBytes: defaultOf('minBytes'),
  languages: null,
  threshold: null,
  repeatedText: null,
  dedupe: /** @type {const} */ ('off'),
  embeddings: false,
  rejectedPictures: false,
  imageSize: Number(longSide),
  format: /** @type {const} */ ('jpg'),
  quality: Number(quality),
}
const fetchImage = createImageFetch(
  {
    fetch: net.fetch,
    rejects: nothingRejected,
    permit: async () => ({ kind: 'allowed', permission, crawlDelayMs: 0 }),
    slots: { delayMs: () => 0, slowDown: () => {}, take: async () => ({ kind: 'go' }) },
    now,
    random: Math.random,
    optOuts: { productToken: 'pairmill-bench', obeyed: new Set(optOuts) },
  },
  { maxBytes: filter.maxBytes, hostConcurrency: defaultOf('hostConcurrency') },
)
const deps = {
  fetchImage,
  develop: threads.develop,
  developApart: createDevelopApart(),
  preprocessing: null,
  decoding: createSemaphore(decodes),
  now,
  score: null,
  tagger: null,
  modelId: null,
  modelThreshold: null,
  findDuplicates: async () => [],
  captionCounts: async (texts) => texts.map(() => 1),
  refusals: async () => noRefusals,
}

const items = readFileSync(list, 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line, id) => {
    const [, url, text] = line.match(/^([^,]*),"(.*)"$/)
    const body = {
      imageUrl: url,
      fallbackUrls: [],
      captions: [{ source: /** @type {const} */ ('alt'), text }],
      pageUrl: new URL('/', url).href,
      pageLanguage: 'en',
      licenceUrl: null,
    }
    return { id, attempts: 0, body }
  })

const batches = Array.from({ length: Math.ceil(items.length / batchSize) }, (_, i) =>
  items.slice(i * batchSize, (i + 1) * batchSize),
)
const parts = []
const left = [...batches.entries()]
const filterOneAfterAnother = async () => {
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const [index, batch] = next
    const { rows, deferred } = await filterBatch(deps, batch, filter, never)
    if (deferred.length > 0) throw new Error(`${deferred.length} images were deferred`)
    const part = await writePart(store, partName(String(index), 'bench'), rows, never)
    const kept = rows.flatMap(({ image }, row) => (image === null ? [] : [row]))
    parts.push({ ...part, batch: String(index), kept, losers: [] })
  }
}
await Promise.all(Array.from({ length: batchesAtOnce }, filterOneAfterAnother))

const kept = parts.reduce((sum, part) => sum + part.kept.length, 0)
if (kept !== items.length) throw new Error(`only ${kept} of ${items.length} images were kept`)
const plan = {
  v: /** @type {const} */ (1),
  run,
  plan: 0,
  createdAt: new Date().toISOString(),
  firstShard: 0,
  shards: shardCount(kept, shardSize),
  shardSize,
  seed: run,
  format: /** @type {const} */ ('jpg'),
  modelId: null,
  parts,
}
await writePlan(store, plan, never)
await executePlan({ store }, plan, () => {}, never)
await removePlanParts(store, plan, never)
const info = {
  run,
  complete: true,
  options: {},
  optionsDigest: '',
  threshold: null,
  uids: /** @type {const} */ ('pair'),
}
await compileDataset(store, info, never)
await threads.close()
await net.close()
