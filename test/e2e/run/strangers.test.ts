import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newOut, pairmill, pairsOf, problemsOf, start, tempFolder } from '../../fixtures/run/pairmill.js'
import { takesSmall } from '../../fixtures/run/pictures.js'
import { serveTree } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'
import { s3Variables } from '../../fixtures/s3/s3-server.js'
import { s3Bench } from '../../fixtures/s3/s3-stores.js'

const host = 'site.test'
const s3 = await s3Bench()
let web: TestWeb
let wanted: string[]

beforeAll(async () => {
  web = await startTestWeb()
  wanted = await serveTree(web, host, 7, 70_000)
}, 60_000)
afterAll(async () => {
  await web.close()
  await s3.close()
})

const common = () => ['--model', 'none', '--dedupe', 'off', '--delay-ms', '5', ...takesSmall, ...web.words]
const run = (out: string) => ['run', `http://${host}/`, '--out', out, ...common()]

/** A folder with these files, each holding its own name. */
function folderOf(...names: readonly string[]): string {
  const folder = tempFolder()
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), name)
  }
  return folder
}

/** Every file below a folder, with what it holds. */
function filesIn(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true })
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [
        join(parentPath, name),
        readFileSync(join(parentPath, name), 'latin1'),
      ]),
  )
}

const project = ['README.md', 'manifest.json', 'index.json', 'src/main.py']
const laion = ['00000.tar', '00000.parquet', '00000_stats.json', '00001.tar']

describe('a folder with a stranger’s files', { timeout: 300_000 }, () => {
  it.each([
    ['of a project', project, ['README.md', 'manifest.json', 'index.json']],
    ['of img2dataset', laion, laion],
    ['of embeddings', ['img_emb/img_emb_0.npy', 'notes.txt'], ['img_emb']],
    ['beside a .pairmill/ of no run', ['sizes.json', '.pairmill/notes.txt'], ['sizes.json']],
  ])('%s is refused by run, which names them and makes nothing', async (_, names, inTheWay) => {
    const folder = folderOf(...names)
    const before = filesIn(folder)
    const asked = web.seen.length
    const { code, stdout, stderr } = await pairmill(run(folder))
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`${folder} holds files that are not pairmill's`)
    for (const name of inTheWay) expect(stderr).toContain(name)
    expect(stderr).not.toContain('main.py')
    expect(filesIn(folder)).toEqual(before)
    expect(existsSync(join(folder, '.pairmill'))).toBe(names.includes('.pairmill/notes.txt'))
    expect(web.seen.length).toBe(asked)
  })

  it('is refused by images, which would read and replace it, by warc and by demo', async () => {
    const folder = folderOf(...laion)
    writeFileSync(join(folder, '00002.csv'), 'url,caption\n')
    writeFileSync(join(folder, 'a.warc'), '')
    rmSync(join(folder, '00000.parquet'))
    const before = filesIn(folder)
    for (const words of [
      ['images', folder, '--out', folder, ...common()],
      ['warc', join(folder, 'a.warc'), '--out', folder, ...common()],
      ['demo', '--out', folder],
    ]) {
      const { code, stderr } = await pairmill(words)
      expect([code, stderr]).toEqual([2, expect.stringContaining('00000.tar')])
      expect(filesIn(folder)).toEqual(before)
      expect(existsSync(join(folder, '.pairmill'))).toBe(false)
    }
  })

  it('takes a dataset where all have other names', async () => {
    const folder = folderOf('notes.txt', 'lists/pairs.csv')
    expect(await pairmill(run(folder))).toMatchObject({ code: 0 })
    expect(await pairsOf(folder)).toEqual(wanted)
    expect(await problemsOf(folder)).toEqual([])
    expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('notes.txt')
  })
})

describe('a dataset', { timeout: 300_000 }, () => {
  it('can be gone on with in its folder, and in a copy of all of it; without its state it is only read', async () => {
    const out = newOut()
    expect(await pairmill([...run(out), '--max-pages', '3'])).toMatchObject({ code: 0 })
    const [whole, bare] = [newOut(), newOut()]
    for (const copy of [whole, bare]) cpSync(out, copy, { recursive: true })
    rmSync(join(bare, '.pairmill'), { recursive: true })
    const before = filesIn(bare)
    const refused = await pairmill(run(bare))
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining(`${bare} holds a copy of a dataset`),
    ])
    expect(filesIn(bare)).toEqual(before)
    for (const place of [out, whole]) {
      expect(await pairmill(run(place))).toMatchObject({ code: 0 })
      expect(await pairsOf(place)).toEqual(wanted)
    }
    // Its own shards are no list to be read beside those that it writes.
    const list = ['images', join(out, '00000.parquet'), '--caption-col', 'caption', '--out', out, ...common()]
    const own = await pairmill(list)
    expect([own.code, own.stderr]).toEqual([2, expect.stringContaining('lies where the dataset is written')])
  })

  it('is gone on with wherever its first start was killed', async () => {
    const wholly = async (out: string) => {
      expect(await pairmill(run(out))).toMatchObject({ code: 0 })
      expect(await pairsOf(out)).toEqual(wanted)
      expect(await problemsOf(out)).toEqual([])
    }
    const halves: readonly (readonly string[])[] = [
      ['.pairmill/lock.0'],
      ['.pairmill/db.unfinished', '.pairmill/db/base/1'],
    ]
    for (const half of halves) await wholly(folderOf(...half))
    // Killed when the first page is asked for, and when the first files of the dataset are there.
    for (const moment of ['asked', 'written']) {
      const out = newOut()
      const reached = new Promise<void>((hear) => {
        const stop = web.onRequest((_, path) => {
          if (path === '/robots.txt') return
          stop()
          hear()
        })
      })
      const life = start([...run(out), '--shard-size', '2', '--batch-size', '2'])
      await reached
      const isWritten = () => existsSync(out) && readdirSync(out).some((name) => name !== '.pairmill')
      while (moment === 'written' && life.child.exitCode === null && !isWritten())
        await new Promise((done) => setTimeout(done, 5))
      life.child.kill('SIGKILL')
      await life.ended
      expect(await pairmill([...run(out), '--shard-size', '2', '--batch-size', '2'])).toMatchObject({
        code: 0,
      })
      expect(await pairsOf(out)).toEqual(wanted)
    }
  })
})

describe.skipIf(s3.why !== '')(`a prefix with a stranger’s objects${s3.why}`, { timeout: 300_000 }, () => {
  const calm = new AbortController().signal
  const put = async (out: string, names: readonly string[]) => {
    const store = await s3.store({ url: out, access: 'read' })
    for (const name of names) await store.putBytes(name, Buffer.from(name), { ifAbsent: false }, calm)
  }
  const keysOf = async (bucket: string) => {
    const { ListObjectsV2Command } = await import('@aws-sdk/client-s3')
    const { Contents } = await s3.server.client.send(new ListObjectsV2Command({ Bucket: bucket }))
    return (Contents ?? []).map(({ Key, LastModified }) => `${Key} ${LastModified?.toISOString()}`)
  }
  const env = () => ({ ...s3Variables, AWS_ENDPOINT_URL_S3: s3.server.endpoint })

  it('is refused before anything is written there, and one with other names is not', async () => {
    const bucket = await s3.server.bucket()
    const out = `s3://${bucket}/theirs`
    await put(out, [...laion, 'pages/index.html', 'notes.txt'])
    const before = await keysOf(bucket)
    const words = [...run(out), '--backend', `pglite:${newOut()}`]
    const { code, stderr } = await pairmill(words, env())
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${out} holds files that are not pairmill's`)])
    for (const name of [...laion, 'pages']) expect(stderr).toContain(name)
    expect(await keysOf(bucket)).toEqual(before)

    const other = `s3://${bucket}/ours`
    await put(other, ['notes.txt', 'lists/00000.parquet'])
    const taken = [...run(other), '--backend', `pglite:${newOut()}`]
    expect(await pairmill(taken, env())).toMatchObject({ code: 0 })
    // Its claim makes it this run's.
    expect(await pairmill(taken, env())).toMatchObject({ code: 0 })
    const store = await s3.store({ url: other, access: 'read' })
    await store.remove('.pairmill/owner.json', calm)
    const copy = await pairmill([...run(other), '--backend', `pglite:${newOut()}`], env())
    expect([copy.code, copy.stderr]).toEqual([2, expect.stringContaining('a copy of a dataset')])
  })
})
