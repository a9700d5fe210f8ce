import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { executePlan, folderStore, type Store, s3Store } from '../../../src/shard/index.js'
import { pairmill, tempFolder } from '../../fixtures/run/pairmill.js'
import { s3Variables } from '../../fixtures/s3/s3-server.js'
import { s3Bench } from '../../fixtures/s3/s3-stores.js'
import { calm, planOf } from '../../fixtures/shard/dataset-fixture.js'

const main = resolve(import.meta.dirname, '../../../dist/cli/main.js')
const s3 = await s3Bench()
afterAll(() => s3.close())

const fill = async (store: Store) =>
  await executePlan({ store }, await planOf(store, [{ kept: 14, rejected: 6 }]), () => {}, calm)

interface Place {
  readonly url: string
  readonly env: Record<string, string>
}

const places: Record<string, () => Promise<Place>> = {
  'a folder': async () => {
    const dir = join(tempFolder(), "it's [a] place")
    await fill(folderStore(dir))
    return { url: dir, env: {} }
  },
  S3: async () => {
    const bucket = await s3.server.bucket('honouring')
    const url = `s3://${bucket}/sets/asked`
    const settings = { endpoint: s3.server.endpoint, region: null, pathStyle: null }
    const store = await s3Store({ url, settings, scratchDir: tempFolder(), access: 'write' }, calm)
    if ('message' in store) throw new Error(store.message)
    await fill(store).finally(store.close)
    return { url, env: { ...s3Variables, AWS_ENDPOINT_URL: s3.server.endpoint } }
  },
}

describe.each(Object.keys(places))('a dataset in %s', { timeout: 120_000 }, (kind) => {
  const isSkipped = kind === 'S3' && s3.why !== ''
  let place: Place
  beforeAll(async () => {
    if (!isSkipped) place = await places[kind]!()
  }, 60_000)
  const ask = (...words: string[]) => pairmill(words, { TMPDIR: scratch, ...place.env })
  const scratch = tempFolder()

  it.skipIf(isSkipped)('answers SQL as a table, as CSV and as JSON', async () => {
    const sql = 'select shard, count(*) as pairs from pairs group by 1 order by 1'
    expect(await ask('query', place.url, sql)).toMatchObject({
      ...{ code: 0, stderr: '2 rows\n' },
      stdout: 'shard  pairs\n-----  -----\n    0      7\n    1      7\n',
    })
    expect((await ask('query', place.url, sql, '--csv')).stdout).toBe('shard,pairs\n0,7\n1,7\n')
    expect((await ask('query', place.url, sql, '--json')).stdout).toBe(
      '{"shard":0,"pairs":7}\n{"shard":1,"pairs":7}\n',
    )
    expect(await readdir(scratch)).toEqual([])
  })

  it.skipIf(isSkipped)('gives a pipe every row, and asks no more where its reader has enough', async () => {
    const piped = async (sql: string, into: string) => {
      const env = { ...process.env, TMPDIR: scratch, ...place.env }
      const line = `"$0" "$1" query "$2" "$3" --csv | ${into}`
      const shell = ['-c', line, process.execPath, main, place.url, sql]
      const child = spawn('sh', shell, { env, timeout: 100_000 })
      const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)])
      return [out.trim(), problems]
    }
    expect(await piped('select * from range(1000000)', 'wc -l')).toEqual(['1000001', ''])
    expect(await piped('select * from range(100000000000)', 'head -1')).toEqual(['range', ''])
    expect(await readdir(scratch)).toEqual([])
  })

  it.skipIf(isSkipped)('says of a wrong statement what is wrong, with 2', async () => {
    const wrong = await ask('query', place.url, 'select nothing from pairs')
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(wrong.stderr).toMatch(/^pairmill: Binder Error: Referenced column "nothing" not found/)
    const writing = await ask('query', place.url, "copy pairs to '/tmp/never.csv'")
    expect(writing).toMatchObject({ code: 2, stdout: '' })
    expect(await readdir(scratch)).toEqual([])
  })

  it.skipIf(isSkipped)('has figures', async () => {
    const told = await ask('stats', place.url)
    expect(told).toMatchObject({ code: 0, stderr: '' })
    expect(told.stdout).toMatch(/: 14 pairs in 2 shards; .* of tars/)
    expect(JSON.parse((await ask('stats', place.url, '--json')).stdout)).toMatchObject({
      funnel: { candidates: 20, kept: 14 },
    })
  })

  it.skipIf(isSkipped)('shows a pair, and gives its picture once', async () => {
    const json = await ask('show', place.url, '000003', '--json')
    const record = JSON.parse(json.stdout) as { uid: string; caption: string; stored_sha256: string }
    const out = join(tempFolder(), 'picture.jpg')
    const shown = await ask('show', place.url, record.uid, '--out', out)
    expect(shown).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^pairmill: wrote .*picture\.jpg: /),
    })
    expect(shown.stdout.split('\n')[0]).toBe(record.caption)
    const sum = async () =>
      createHash('sha256')
        .update(await readFile(out))
        .digest('hex')
    expect(await sum()).toBe(record.stored_sha256)

    await writeFile(out, 'mine')
    const again = await ask('show', place.url, '000003', '--out', out)
    expect(again).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/is there already; .*--force/),
    })
    expect(await readFile(out, 'utf8')).toBe('mine')
    expect(await ask('show', place.url, '000003', '--out', out, '--force')).toMatchObject({ code: 0 })
    expect(await sum()).toBe(record.stored_sha256)

    expect(await ask('show', place.url, '000009')).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: expect.stringContaining('has no pair 000009: shard 00000 has no such key'),
    })
    expect(await readdir(scratch)).toEqual([])
  })
})

describe('a place without a dataset', { timeout: 60_000 }, () => {
  it('is told as that, with 1', async () => {
    const empty = tempFolder()
    await mkdir(join(empty, 'x'))
    for (const words of [
      ['query', empty, 'select 1'],
      ['stats', empty],
    ]) {
      expect(await pairmill(words)).toMatchObject({
        ...{ code: 1, stdout: '', stderr: `pairmill: nothing is committed in ${empty} yet\n` },
      })
    }
    const nowhere = join(empty, 'nowhere')
    for (const words of [
      ['query', nowhere, 'select 1'],
      ['stats', nowhere],
      ['show', nowhere, '000000'],
    ]) {
      expect(await pairmill(words)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('there is no such folder'),
      })
    }
  })
})

describe('without DuckDB', { timeout: 60_000 }, () => {
  /** Node with a resolver that does not find it. */
  const hook = `export async function resolve(name, context, next) {
    if (name !== '@duckdb/node-api') return next(name, context)
    throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  }`
  const encoded = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`
  const env = {
    NODE_OPTIONS: `--import=${encoded(`import { register } from 'node:module'; register(${JSON.stringify(encoded(hook))})`)}`,
  }

  it('query and stats name the command that installs it, and show works', async () => {
    const dir = tempFolder()
    await fill(folderStore(dir))
    for (const words of [
      ['query', dir, 'select 1'],
      ['stats', dir],
    ]) {
      expect(await pairmill(words, env)).toMatchObject({
        ...{ code: 1, stdout: '' },
        stderr: expect.stringMatching(/^pairmill: .*npm install --no-save @duckdb\/node-api@[\w.-]+\n$/),
      })
    }
    expect(await pairmill(['show', dir, '000000'], env)).toMatchObject({ code: 0 })
  })
})
