import { createHash, randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { encodeHalves } from '../dist/records/index.js'
import { compileDataset, executePlan, folderStore, partName, writePart } from '../dist/shard/index.js'

const calm = new AbortController().signal
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

const dimensions = 512
/** Embeddings of an image and a text of this cosine, in halves and Base64. */
function embeddingsOf(cosine) {
  const image = new Float32Array(dimensions)
  const text = new Float32Array(dimensions)
  image[0] = 1
  text[0] = cosine
  text[1] = Math.sqrt(1 - cosine ** 2)
  return Buffer.concat([encodeHalves(image), encodeHalves(text)]).toString('base64')
}
const embeddings = Array.from({ length: 10 }, (_, i) => embeddingsOf(0.25 + i / 100))

/** A kept row as a run writes it. Its bytes need not be an image: nothing decodes them here. */
function partRow(n, bytes) {
  const image = randomBytes(bytes)
  const caption = `a picture of something with the number ${n}`
  const clipScore = 0.25 + (n % 10) / 100
  const permission = { rule: 'robots:none', value: null, source: 'robots.txt', checkedAt: createdAt }
  const row = {
    ...{ caption, url: `https://img.host${n % 500}.example/${n}.jpg`, reason: null, detail: null },
    ...{ width: 512, height: 384, originalWidth: 1600, originalHeight: 1200, exif: '{}' },
    ...{
      sha256: sha256(`source ${n}`),
      storedSha256: sha256(image),
      uid: sha256(`source ${n}`).slice(0, 32),
    },
    ...{
      embeddings: embeddings[n % 10],
      fetchedAt: createdAt,
      pageUrl: `https://host${n % 500}.example/${n}`,
    },
    captions: [{ source: /** @type {const} */ ('alt'), text: caption, score: clipScore }],
    ...{ clipScore, modelId: 'bench/1', phash: sha256(`look ${n}`).slice(0, 16), language: 'en' },
    ...{ licenceUrl: null, permission, tags: [], duplicateOf: null },
  }
  return { row, image: { bytes: image, format: /** @type {const} */ ('jpg') } }
}

const createdAt = '2026-01-02T03:04:05.678Z'
const partRows = 500

/**
 * Writes a dataset as a run does, of pairs with embeddings, and `bytes` for each image, which is none.
 * @param {string} dir
 * @param {{ samples: number, shardSize: number, bytes: number }} of
 */
export async function writeDataset(dir, { samples, shardSize, bytes }) {
  await rm(dir, { recursive: true, force: true })
  const store = folderStore(dir)
  for (let plan = 0, n = 0; n < samples; plan += 1, n += shardSize) {
    const parts = []
    for (let from = n; from < Math.min(samples, n + shardSize); from += partRows) {
      const rows = Array.from({ length: Math.min(partRows, samples - from, n + shardSize - from) }, (_, i) =>
        partRow(from + i, bytes),
      )
      const {
        name,
        size,
        sha256: sum,
        rows: count,
      } = await writePart(store, partName(`b${from}`, '0'), rows, calm)
      parts.push({
        batch: `b${from}`,
        name,
        size,
        sha256: sum,
        rows: count,
        kept: [...rows.keys()],
        losers: [],
      })
    }
    const of = {
      v: /** @type {const} */ (1),
      run: 'bench',
      plan,
      createdAt,
      firstShard: plan,
      shards: 1,
      shardSize,
      seed: `${plan}`,
    }
    await executePlan(
      { store },
      { ...of, format: /** @type {const} */ ('jpg'), modelId: 'bench/1', parts },
      () => {},
      calm,
    )
    for (const { name } of parts) await store.remove(name, calm)
  }
  const info = {
    run: 'bench',
    complete: true,
    options: {},
    optionsDigest: '',
    threshold: null,
    uids: /** @type {const} */ ('content'),
  }
  await compileDataset(store, info, calm)
}
