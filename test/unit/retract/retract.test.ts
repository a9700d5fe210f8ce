import { cp, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type NamedKind, namedOf, retract } from '../../../src/retract/index.js'
import {
  folderStore,
  readEntries,
  readGenerations,
  readManifest,
  readPages,
  readRetracted,
  readShard,
  retractedName,
  type Store,
  stemOf,
  tarName,
  verifyDataset,
} from '../../../src/shard/index.js'
import { heldOf, quiet } from '../../fixtures/retract/held.js'
import { badHost, filesWith, goodHost, hostsDataset } from '../../fixtures/retract/hosts-dataset.js'
import { bytesUnder, calm, sha256, tempFolder } from '../../fixtures/shard/dataset-fixture.js'
import { dyingStore } from '../../fixtures/shard/dying-store.js'
import { sweptStore } from '../../fixtures/shard/swept-store.js'

const at = '2026-01-02T03:04:05.000Z'
function wishFor(kind: NamedKind, value: string) {
  const named = namedOf(kind, value)
  if ('problem' in named) throw new Error(named.problem)
  return { named: [named], reason: 'asked to', isDryRun: false, at }
}

async function takeBack(store: Store, kind: NamedKind, value: string, isDryRun = false) {
  const report = await retract(heldOf(store), { ...wishFor(kind, value), isDryRun }, quiet)
  if (report.kind === 'refused') throw new Error(report.message)
  return report
}

const problemsIn = async (store: Store) => (await verifyDataset(store, () => {}, calm)).problems

/** Records of the samples in the tars, by key. */
async function samplesIn(dir: string): Promise<Map<string, Record<string, unknown>>> {
  const samples = new Map<string, Record<string, unknown>>()
  for (const entry of await readEntries(folderStore(dir), calm)) {
    if (entry.shard === null) continue
    for await (const { key, files } of readShard(join(dir, tarName(stemOf(entry)))))
      samples.set(key, JSON.parse(Buffer.from(files.get('json') ?? []).toString()))
  }
  return samples
}

let template = ''
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'pairmill-retract-'))
  await hostsDataset(template)
})
afterAll(() => rm(template, { recursive: true, force: true }))

async function dataset(): Promise<{ dir: string; store: Store }> {
  const dir = join(await tempFolder(), 'dataset')
  await cp(template, dir, { recursive: true })
  return { dir, store: folderStore(dir) }
}

describe('a host that is taken back', () => {
  it('is in no file any more, as page, image, redirect, licence or seed, and the rest verifies', async () => {
    const { dir, store } = await dataset()
    expect(await filesWith(dir, `//${badHost}`)).not.toEqual([])
    const report = await takeBack(store, 'host', badHost)
    expect(report.counts).toEqual({ samples: 4, rejected: 1, pictures: 0, pages: 2, mended: 4 })
    expect(await filesWith(dir, `//${badHost}`)).toEqual([])
    expect(await problemsIn(store)).toEqual([])
    const manifest = await readManifest(store, calm)
    expect(manifest?.options.seeds).toEqual([`https://${goodHost}/`])
    expect(manifest?.optionsDigest).toBe(sha256(JSON.stringify(manifest?.options)))
  })

  it('takes its images along: their bytes are in no file', async () => {
    const { dir, store } = await dataset()
    const images: Buffer[] = []
    for await (const { files } of readShard(join(dir, '00000.tar'))) {
      const { page_url } = JSON.parse(Buffer.from(files.get('json') ?? []).toString())
      if (new URL(page_url).host === badHost) images.push(Buffer.from(files.get('jpg') ?? []))
    }
    expect(images).not.toEqual([])
    await takeBack(store, 'host', badHost)
    for (const bytes of (await bytesUnder(dir)).values()) {
      for (const image of images) expect(Buffer.from(bytes, 'base64').includes(image)).toBe(false)
    }
  })

  it('leaves the key of every other pair as it was, and all that its record says but what names the host', async () => {
    const { dir, store } = await dataset()
    const before = await samplesIn(dir)
    await takeBack(store, 'host', badHost)
    const after = await samplesIn(dir)
    const expected = [...before].filter(([, { page_url }]) => new URL(String(page_url)).host !== badHost)
    const mended = expected.map(([key, record]) =>
      String(record.licence_url).includes(badHost) ? [key, { ...record, licence_url: null }] : [key, record],
    )
    expect([...after]).toEqual(mended)
  })

  it('does not take the hosts below it, which a pattern does', async () => {
    const { dir, store } = await dataset()
    const report = await takeBack(store, 'host', `*.${badHost}`)
    expect(report.counts.samples).toBe(4)
    expect(await filesWith(dir, `//img.${badHost}`)).toEqual([])
    expect(await filesWith(dir, `//${badHost}`)).not.toEqual([])
    expect(await problemsIn(store)).toEqual([])
  })

  it('is known by its hash alone, and stays known', async () => {
    const { store } = await dataset()
    await takeBack(store, 'host', badHost)
    const again = await takeBack(store, 'sha256', 'ab'.repeat(32))
    expect(again.generation).toBe(null)
    const tombstones = await readRetracted(store, calm)
    expect(Buffer.from(tombstones.hosts.bytes).toString('hex')).toBe(sha256(badHost))
    expect(tombstones.images.size).toBe(1)
  })

  it('leaves the page ledger with its other rows', async () => {
    const { store } = await dataset()
    await takeBack(store, 'host', badHost)
    const pages = []
    for await (const { url, detail } of readPages(store, calm)) pages.push([url, detail])
    expect(pages).toEqual([
      [`https://${goodHost}/page/1`, null],
      [`https://${goodHost}/odd`, null],
      [`https://${goodHost}/page/2`, null],
    ])
  })
})

describe('one thing that is taken back', () => {
  it.each(['sha256', 'uid', 'phash', 'url'] as const)(
    'is one sample where its %s is named, in one shard',
    async (kind) => {
      const { dir, store } = await dataset()
      const [key, record] = [...(await samplesIn(dir))].at(-1) ?? []
      const before = await bytesUnder(dir)
      const { counts, rewritten } = await takeBack(store, kind, String(record?.[kind]))
      expect(counts).toEqual({ samples: 1, rejected: 0, pictures: 0, pages: 0, mended: 0 })
      expect(rewritten).toEqual({ shards: 1, ofShards: 3, pageFiles: 0 })
      expect((await samplesIn(dir)).has(String(key))).toBe(false)
      expect(await problemsIn(store)).toEqual([])
      const changed = [...(await bytesUnder(dir))].filter(([name, bytes]) => before.get(name) !== bytes)
      expect(
        changed.map(([name]) => name).filter((name) => /^(?:pages|\d|\w+_emb|metadata)/.test(name)),
      ).toEqual([
        ...['00002.parquet', '00002.tar', '00002.tar.idx', '00002_stats.json', 'img_emb/img_emb_00002.npy'],
        ...['metadata/metadata_00002.parquet', 'text_emb/text_emb_00002.npy'],
      ])
    },
  )

  it('is a page with all that it gave, where that is named', async () => {
    const { store } = await dataset()
    const { counts } = await takeBack(store, 'page', `https://${badHost}/page/0`)
    expect(counts).toMatchObject({ samples: 1, pages: 1 })
    expect(await problemsIn(store)).toEqual([])
  })

  it('is announced by the number of its slot, and the shards of an early dataset before', async () => {
    const { dir, store } = await dataset()
    await rm(join(dir, '.pairmill/generations'), { recursive: true })
    const text = await readFile(join(dir, 'manifest.json'), 'utf8')
    const early = Buffer.from(text.replace(/"generation": \d+/, '"generation": 0'))
    await store.putBytes('manifest.json', early, { ifAbsent: false }, calm)
    const [key = '', record] = [...(await samplesIn(dir))][1] ?? []
    await takeBack(store, 'uid', String(record?.uid))
    expect(await readGenerations(store, 1, calm)).toMatchObject([
      { generation: 1, added: { from: 0, to: 2 } },
      {
        generation: 2,
        command: 'retract',
        reason: 'asked to',
        rewritten: [{ shard: 0, taken: [Number(key.slice(5))] }],
      },
    ])
    expect((await readManifest(store, calm))?.generation).toBe(2)
    expect(await problemsIn(store)).toEqual([])
  })

  it('leaves in the manifest what this version does not know', async () => {
    const { store } = await dataset()
    const manifest = JSON.parse(Buffer.from((await store.read('manifest.json', calm)) ?? []).toString())
    const later = { ...manifest, made_by: { later: [1] } }
    await store.putBytes('manifest.json', Buffer.from(JSON.stringify(later)), { ifAbsent: false }, calm)
    await takeBack(store, 'host', badHost)
    const text = Buffer.from((await store.read('manifest.json', calm)) ?? []).toString()
    expect(JSON.parse(text)).toMatchObject({ made_by: { later: [1] }, generation: 2 })
  })

  it('does not disturb who reads the shard', async () => {
    const { dir, store } = await dataset()
    const path = join(dir, '00000.tar')
    const before = await readFile(path)
    const reader = await open(path)
    try {
      await takeBack(store, 'host', badHost)
      expect(await reader.readFile()).toEqual(before)
      expect(await readFile(path)).not.toEqual(before)
    } finally {
      await reader.close()
    }
  })
})

describe('what writers that died began', () => {
  it('is swept when it is an hour old, and not by a dry run', async () => {
    const { store, swept } = sweptStore((await dataset()).store)
    await takeBack(store, 'host', badHost, true)
    expect(swept).toEqual([])
    await takeBack(store, 'host', badHost)
    expect(swept).toEqual([3_600_000])
  })
})

describe('a dataset of which all is taken back', () => {
  it('keeps the numbers and names of its shards, with empty tars, and verifies', async () => {
    const { dir, store } = await dataset()
    const names = [...(await bytesUnder(dir)).keys()].filter((name) => !name.startsWith('.pairmill/'))
    for (const host of [badHost, goodHost]) await takeBack(store, 'host', host)
    expect((await samplesIn(dir)).size).toBe(0)
    expect([...(await bytesUnder(dir)).keys()].filter((name) => !name.startsWith('.pairmill/'))).toEqual(
      names,
    )
    expect(JSON.parse(await readFile(join(dir, 'sizes.json'), 'utf8'))).toEqual({
      ...{ '00000.tar': 0, '00001.tar': 0, '00002.tar': 0 },
    })
    expect(await problemsIn(store)).toEqual([])
  })
})

describe('what is not done', () => {
  it('changes nothing in a dry run, which says what would go', async () => {
    const { dir, store } = await dataset()
    const before = await bytesUnder(dir)
    const { counts, rewritten } = await takeBack(store, 'host', badHost, true)
    expect({ counts, rewritten }).toMatchObject({ counts: { samples: 4 }, rewritten: { shards: 3 } })
    expect(await bytesUnder(dir)).toEqual(before)
  })

  it('leaves a dataset alone that has nothing of it, but for the tombstone', async () => {
    const { dir, store } = await dataset()
    const before = await bytesUnder(dir)
    expect((await takeBack(store, 'host', 'other.example')).generation).toBe(null)
    const after = await bytesUnder(dir)
    expect(after.delete(retractedName)).toBe(true)
    expect(after).toEqual(before)
  })

  it('does not keep a reason that names what goes', async () => {
    const { dir, store } = await dataset()
    const before = await bytesUnder(dir)
    const wish = { ...wishFor('host', badHost), reason: `the owner of ${badHost} asked` }
    expect(await retract(heldOf(store), wish, quiet)).toMatchObject({ kind: 'refused', problem: 'usage' })
    expect(await bytesUnder(dir)).toEqual(before)
  })
})

describe('a change that is broken off', { timeout: 60_000 }, () => {
  it.each([1, 2, 3, 11, 30])('after %i writes verifies, and is ended by the same command', async (writes) => {
    const { dir, store } = await dataset()
    const dying = heldOf(dyingStore(store, writes))
    await expect(retract(dying, wishFor('host', badHost), quiet)).rejects.toThrow('killed')
    const { problems, change } = await verifyDataset(store, () => {}, calm)
    expect(problems).toEqual([])
    // Behind the tombstones comes the record.
    expect(change === null).toBe(writes < 2)
    await takeBack(store, 'host', badHost)
    expect(await filesWith(dir, `//${badHost}`)).toEqual([])
    expect(await problemsIn(store)).toEqual([])
  })

  it('is ended by any other command, too', async () => {
    const { dir, store } = await dataset()
    const dying = heldOf(dyingStore(store, 12))
    await expect(retract(dying, wishFor('host', badHost), quiet)).rejects.toThrow('killed')
    const report = await takeBack(store, 'uid', 'ab'.repeat(16))
    expect(report).toMatchObject({ completed: { reason: 'asked to' }, generation: null })
    expect(await filesWith(dir, `//${badHost}`)).toEqual([])
    expect(await problemsIn(store)).toEqual([])
  })

  it('is not ended where something else was changed since: nothing is stored then', async () => {
    const { dir, store } = await dataset()
    const dying = heldOf(dyingStore(store, 2))
    await expect(retract(dying, wishFor('host', badHost), quiet)).rejects.toThrow('killed')
    await rm(join(dir, retractedName))
    const before = await bytesUnder(dir)
    await expect(takeBack(store, 'uid', 'ab'.repeat(16))).rejects.toThrow('was changed since')
    expect(await bytesUnder(dir)).toEqual(before)
  })
})
