import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type S3Settings, s3Store } from '../../../src/shard/index.js'
import { lacks } from '../../fixtures/docs/python.js'
import { numberedIn, writeNumbered } from '../../fixtures/feed/numbered-sets.js'
import { because, lacksPinned, pasted, pinnedWebdataset } from '../../fixtures/feed/pasted.js'
import { serveFolder } from '../../fixtures/feed/served.js'
import { served } from '../../fixtures/feed/served-program.js'
import { answerTo, fetched, keysOf, textsIn } from '../../fixtures/feed/serving.js'
import { hasOpenssl, makeCertificate } from '../../fixtures/net/certificate.js'
import { tempFolder } from '../../fixtures/run/pairmill.js'
import { s3Variables, startS3Server } from '../../fixtures/s3/s3-server.js'
import { calm } from '../../fixtures/shard/dataset-fixture.js'

const started = await startS3Server()
const s3 = 'unavailable' in started ? null : started
afterAll(() => s3?.close())
const noServer = 'unavailable' in started ? started.unavailable : null
const noTls = hasOpenssl ? null : 'no openssl command'
const noTorch = lacks('torch, webdataset')

const versions = [
  ['1.0.2', noTorch, {}],
  ['0.2.86', noTorch ?? lacksPinned(), { PYTHONPATH: pinnedWebdataset }],
] as const

/** Two nodes, as torchrun tells them of each other. */
const ranks = [0, 1].map((rank) => ({ RANK: String(rank), WORLD_SIZE: '2' }))

/** A text of each pair that two workers read from the printed line. */
const printWorkersTexts = `
import json, torch
loader = torch.utils.data.DataLoader(pairs, batch_size=None, num_workers=2)
print(json.dumps([[pair['__key__'], pair['txt'].decode()] for pair in loader]))
`

/** What is printed for webdataset, as lines that end with `pairs`. */
function webdatasetLines(text: string): string[] {
  const [line = ''] = /wds\.WebDataset\(.*/.exec(text) ?? []
  return ['import webdataset as wds', `pairs = ${line}`]
}

const partOf = (rank: number, world: number) =>
  `${String(rank).padStart(5, '0')}-of-${String(world).padStart(5, '0')}.tar`

/** Captions of an epoch that is read in three parts at once. */
async function textsOf(url: string, query = ''): Promise<string[]> {
  const parts = await Promise.all(
    [0, 1, 2].map((rank) => fetched(`${url}/epoch/0/${partOf(rank, 3)}${query}`)),
  )
  return parts.flatMap((part) => [...textsIn(part, 'txt').values()]).toSorted()
}

const whereNumber = (number: number) => `where=${encodeURIComponent(`caption like '%number ${number},%'`)}`

describe('feed --serve', { timeout: 300_000 }, () => {
  const folder = tempFolder()
  const plain = join(folder, 'plain')
  const other = join(folder, 'other')
  const state = join(folder, 'state')
  let texts: string[]
  let otherTexts: string[]
  beforeAll(async () => {
    texts = await numberedIn(plain, [6, 0, 5, 6, 6])
    otherTexts = await numberedIn(other, [0, 0, 0, 0, 0, 3, 4])
  })

  it.skipIf(noServer !== null)(
    `serves a bucket, with a condition too, and keeps the place beside${because(noServer)}`,
    async () => {
      const url = `s3://${await s3?.bucket()}/two birds`
      const settings: S3Settings = { endpoint: s3?.endpoint ?? null, region: null, pathStyle: null }
      const store = await s3Store({ url, settings, scratchDir: tempFolder(), access: 'write' }, calm)
      if ('message' in store) throw new Error(store.message)
      const written = await writeNumbered(store, [4, 0, 3])
      await store.close()
      const env = { ...s3Variables, AWS_ENDPOINT_URL: s3?.endpoint ?? '', AWS_REGION: 'us-east-1' }
      const first = await served([url, '--port', '0', '--state', state], env)
      expect(first.text).toContain('7 pairs an epoch')
      expect(await textsOf(first.url)).toEqual(written.toSorted())
      expect(await textsOf(first.url, `?${whereNumber(2001)}`)).toEqual([written[5]])
      const all = await keysOf(`${first.url}/epoch/0/${partOf(0, 1)}`)
      expect(await keysOf(`${first.url}/epoch/next/${partOf(0, 2)}`)).toHaveLength(4)
      first.running.child.kill('SIGINT')
      expect((await first.running.ended).code).toBe(130)
      const second = await served([url, '--port', '0', '--state', state], env)
      const rest = await keysOf(`${second.url}/epoch/next/${partOf(1, 2)}`)
      expect(rest).toEqual(all.filter((_, i) => i % 2 === 1))
      const { text } = await answerTo(`${second.url}/state?world=2`)
      expect(JSON.parse(text)).toMatchObject({ epoch: 1, place: 0 })
    },
  )

  it.skipIf(noTls !== null)(
    `serves what lies behind https, and says that it cannot be asked by a condition${because(noTls)}`,
    async () => {
      const certificate = makeCertificate(['IP:127.0.0.1'])
      const trusted = join(tempFolder(), 'cert.pem')
      writeFileSync(trusted, certificate.cert)
      const place = await serveFolder(plain, () => null, certificate)
      expect(place).toMatch(/^https:/)
      const { url } = await served([`${place}/`, '--port', '0', '--state', join(folder, 'https')], {
        NODE_EXTRA_CA_CERTS: trusted,
      })
      expect(await textsOf(url)).toEqual(texts.toSorted())
      const asked = await answerTo(`${url}/epoch/0/${partOf(0, 1)}?${whereNumber(2001)}`)
      expect([asked.status, asked.text]).toEqual([
        400,
        'where: a dataset behind a URL cannot be asked; copy it, or curate it\n',
      ])
    },
  )

  it('serves the part of a split dataset that is meant for training, and any other by its name', async () => {
    const split = tempFolder()
    const train = await numberedIn(join(split, 'train'), [3, 4])
    const held = await numberedIn(join(split, 'val'), [0, 0, 2])
    const { url, text } = await served([split, '--port', '0'])
    expect(text).toContain('7 pairs an epoch')
    expect(await textsOf(url)).toEqual(train.toSorted())
    expect(await textsOf(url, '?split=train')).toEqual(train.toSorted())
    expect(await textsOf(url, '?split=val')).toEqual(held.toSorted())
    // Each has a place of its own.
    expect(await keysOf(`${url}/epoch/next/${partOf(0, 1)}?split=val`)).toHaveLength(2)
    expect(await keysOf(`${url}/epoch/next/${partOf(0, 1)}`)).toHaveLength(7)
    const places = await Promise.all(
      ['', '&split=val', '&split=train'].map(async (query) =>
        JSON.parse((await answerTo(`${url}/state?world=1${query}`)).text),
      ),
    )
    expect(places).toMatchObject([{ epoch: 1 }, { epoch: 1 }, {}])
    const none = await answerTo(`${url}/epoch/0/${partOf(0, 1)}?split=test`)
    expect([none.status, none.text]).toEqual([400, expect.stringContaining('holds no dataset')])
  })

  describe.each(versions)('webdataset %s, from the printed line', (_, lacking, env) => {
    const read = async (text: string) => {
      const both = await Promise.all(
        ranks.map((rank) => pasted(webdatasetLines(text), printWorkersTexts, { ...env, ...rank })),
      )
      return (both as [string, string][][]).flat()
    }

    it.skipIf(lacking !== null)(
      `reads each pair once, on two nodes with two workers each${because(lacking)}`,
      async () => {
        const { text } = await served([plain, '--port', '0'])
        expect((await read(text)).map(([, caption]) => caption).toSorted()).toEqual(texts.toSorted())
      },
    )

    it.skipIf(lacking !== null)(
      `reads a mixture by its weights, each pair by a name of its own${because(lacking)}`,
      async () => {
        const { text } = await served([`${plain}:0.8,${other}:0.2`, '--port', '0'])
        const pairs = await read(text)
        // Both have 30; what was taken back of them had turns too.
        expect(text).toContain('31 pairs an epoch')
        expect(pairs).toHaveLength(31)
        expect(new Set(pairs.map(([key]) => key)).size).toBe(31)
        const captions = pairs.map(([, caption]) => caption)
        const ofOther = captions.filter((caption) => otherTexts.includes(caption))
        expect(ofOther.length).toBeGreaterThanOrEqual(5)
        expect(ofOther.length).toBeLessThanOrEqual(7)
        for (const caption of captions) expect([...texts, ...otherTexts]).toContain(caption)
      },
    )
  })
})
