import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { answerOf, holedDataset, smallDataset } from '../../fixtures/shard/python-dataset.js'

const python = 'python3'
const works = (command: string, args: readonly string[]) => spawnSync(command, args).status === 0
const hasPython = works(python, ['-c', 'import tarfile'])
const hasTar = works('tar', ['--version'])

const packages = ['webdataset', 'wids', 'pyarrow', 'datasets', 'pillow', 'mlcroissant', 'duckdb']

/** Kept between runs, and never part of the repository. */
const venv = fileURLToPath(new URL('../../../.cache/python-readers', import.meta.url))
const venvPython = join(venv, 'bin', 'python')

/** Why the packages cannot be had; null = they can. */
function missingPackages(): string | null {
  if (!hasPython) return 'no python3'
  const ready = () =>
    works(venvPython, [
      '-c',
      'import webdataset, braceexpand, pyarrow.parquet, datasets, mlcroissant, duckdb; from importlib.metadata import version; version("wids")',
    ])
  if (existsSync(venvPython) && ready()) return null
  if (!works(python, ['-m', 'venv', venv])) return 'python3 -m venv fails'
  const pip = spawnSync(
    venvPython,
    ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--timeout', '20', ...packages],
    { timeout: 480_000 },
  )
  return pip.status === 0 && ready() ? null : `pip cannot install ${packages.join(', ')}`
}

const missing = missingPackages()

const withTarfile = `
import sys, glob, json, tarfile, hashlib
out = []
for path in sorted(glob.glob(sys.argv[1] + '/*.tar')):
    with tarfile.open(path, 'r:') as tar:
        for member in tar:
            assert member.isreg() and (member.mtime, member.mode, member.uid, member.gid) == (0, 0o644, 0, 0)
            out.append([member.name, hashlib.sha256(tar.extractfile(member).read()).hexdigest()])
print(json.dumps(out))
`

const withWebdataset = `
import sys, glob, json, hashlib, webdataset as wds
paths = sorted(glob.glob(sys.argv[1] + '/*.tar'))
raw = [{'key': s['__key__'], 'jpg': hashlib.sha256(s['jpg']).hexdigest(), 'txt': s['txt'].decode()}
       for s in wds.WebDataset(paths, shardshuffle=False)]
for sample in wds.WebDataset(paths, shardshuffle=False).decode():
    assert sample['json']['key'] == sample['__key__'] and sample['json']['caption'] == sample['txt']
print(json.dumps(raw))
`

/** wids wants torch for sharding over processes and for two base classes, none of which reading needs. */
const withWids = `
import sys, json, hashlib, os, types
torch, dist, utils, data = (types.ModuleType(n) for n in ('torch', 'torch.distributed', 'torch.utils', 'torch.utils.data'))
torch.distributed, torch.utils, utils.data = dist, utils, data
dist.is_initialized = lambda: False
class Base:
    def __class_getitem__(cls, item): return cls
data.Dataset = data.Sampler = Base
sys.modules.update({m.__name__: m for m in (torch, dist, utils, data)})
import wids
os.chdir(sys.argv[1])
dataset = wids.ShardListDataset('index.json', cache_dir='cache-wids', keep=True, transformations=[])
print(json.dumps([{'key': s['__key__'], 'jpg': hashlib.sha256(s['.jpg'].read()).hexdigest(), 'txt': s['.txt'].read().decode()}
                  for s in (dataset[i] for i in range(len(dataset)))]))
`

const withPyarrow = `
import sys, glob, json, pyarrow.parquet as pq
rows = [row for path in sorted(glob.glob(sys.argv[1] + '/*.parquet')) for row in pq.read_table(path).to_pylist()]
print(json.dumps([[r['key'], r['status'], r['width'], r['captions'][0]['source'], r['clip_score'],
  r['uid'], r['permission']['rule'], r['fetched_at'] and r['fetched_at'].isoformat(), r['caption_alt']] for r in rows]))
`

/** The first samples have fields that are null, and later ones have not: types must not be told from the first. */
const withDatasets = `
import sys, json, os
os.environ['HF_HUB_OFFLINE'] = '1'
os.environ['HF_HOME'] = sys.argv[1] + '/../hf'
from datasets import load_dataset
whole = load_dataset(sys.argv[1])['train']
streamed = list(load_dataset(sys.argv[1], streaming=True)['train'])
assert [s['json'] for s in whole] == [s['json'] for s in streamed]
print(json.dumps([[s['__key__'], s['txt'], s['json']['licence_url'], s['json']['caption_alt'], s['jpg'].size[1]] for s in whole]))
`

const withCroissant = `
import sys, json, os
# It keeps what it unpacks by the name of the tar alone, which all datasets share.
os.environ['CROISSANT_CACHE'] = sys.argv[1] + '/../croissant'
import mlcroissant as mlc
dataset = mlc.Dataset(jsonld=sys.argv[1] + '/croissant.json')
rows = [r['rows/uid'] and r['rows/uid'].decode() for r in dataset.records('rows')]
keys = [r['samples/key'].decode() for r in dataset.records('samples')]
print(json.dumps({'problems': dataset.metadata.ctx.issues.report(), 'uids': [u for u in rows if u], 'rows': len(rows), 'keys': sorted(keys)}))
`

/** As clip-retrieval and autofaiss read a folder of embeddings: files in the order of their names, rows side by side. */
const withNumpy = `
import sys, glob, json, numpy as np, pyarrow.parquet as pq
def matrix(kind): return np.concatenate([np.load(p) for p in sorted(glob.glob(f'{sys.argv[1]}/{kind}/*.npy'))])
images, texts = matrix('img_emb'), matrix('text_emb')
assert images.dtype == np.float16 and images.shape == texts.shape
metadata = [row for p in sorted(glob.glob(sys.argv[1] + '/metadata/*.parquet')) for row in pq.read_table(p).to_pylist()]
scores = {r['key']: r['clip_score'] for p in glob.glob(sys.argv[1] + '/0*.parquet') for r in pq.read_table(p).to_pylist()}
cosines = (images.astype(np.float32) * texts.astype(np.float32)).sum(axis=1)
assert all(abs(c - scores[m['image_path']]) < 0.002 for c, m in zip(cosines, metadata))
print(json.dumps([[m['image_path'], m['caption']] for m in metadata]))
`

const withDuckdb = `
import sys, json, duckdb
types = dict(duckdb.sql(f"select column_name, column_type from (describe select * from '{sys.argv[1]}/*.parquet')").fetchall())
row = duckdb.sql(f"select captions[1].source, permission.rule, page_host, image_host, epoch_ms(fetched_at), count(*) over () from '{sys.argv[1]}/*.parquet' where status = 'success' limit 1").fetchall()[0]
print(json.dumps([{name: types[name].replace('"', '') for name in ('captions', 'permission', 'tags', 'fetched_at', 'stored_bytes')}, list(row)]))
`

describe.skipIf(!hasTar)('GNU tar (skipped where there is no tar)', () => {
  it('lists a shard without a complaint', async () => {
    const { dir, samples } = await smallDataset()
    const { stdout, stderr, status } = spawnSync('tar', ['-tf', join(dir, '00000.tar')], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').slice(0, 3)).toEqual(
      ['jpg', 'json', 'txt'].map((end) => `${samples[0]?.key}.${end}`),
    )
  })
})

describe.skipIf(!hasPython)("Python's tarfile (skipped where there is no python3)", () => {
  it('reads every member of a shard', async () => {
    const { dir, samples } = await smallDataset()
    const members = answerOf(python, withTarfile, dir) as [string, string][]
    expect(members.filter(([name]) => name.endsWith('.jpg'))).toEqual(
      samples.map(({ key, jpg }) => [`${key}.jpg`, jpg]),
    )
    expect(members).toHaveLength(3 * samples.length)
  })
})

describe.skipIf(missing !== null)(
  `Python's packages${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    it('webdataset streams the same samples', async () => {
      const { dir, samples } = await smallDataset()
      expect(answerOf(venvPython, withWebdataset, dir)).toEqual(samples)
    })

    it('wids finds the same samples through index.json', async () => {
      const { dir, samples } = await smallDataset()
      expect(answerOf(venvPython, withWids, dir)).toEqual(samples)
    })

    it('pyarrow reads the same rows from the parquet', async () => {
      const { dir, samples } = await smallDataset()
      const rows = answerOf(venvPython, withPyarrow, dir) as unknown[][]
      expect(rows).toHaveLength(21)
      expect(rows.filter(([key]) => key !== null).map(([key]) => key)).toEqual(samples.map(({ key }) => key))
      expect(rows[0]).toEqual([
        ...[samples[0]?.key, 'success', expect.any(Number), 'alt', expect.any(Number)],
        expect.stringMatching(/^[0-9a-f]{32}$/),
        ...['robots:none', '2024-05-01T10:00:00+00:00', samples[0]?.txt],
      ])
      const rejected = rows.find(([key]) => key === null)
      expect(rejected?.slice(5, 8)).toEqual([null, 'robots:none', null])
    })

    it('datasets reads every sample, in memory and streaming, by the types that the card declares', async () => {
      const { dir, samples } = await smallDataset()
      const read = answerOf(venvPython, withDatasets, dir) as [
        string,
        string,
        string | null,
        string,
        number,
      ][]
      expect(read.map(([key, text]) => [key, text])).toEqual(samples.map(({ key, txt }) => [key, txt]))
      expect(new Set(read.map(([, , licence]) => licence === null))).toEqual(new Set([true, false]))
      for (const [, text, , alt, height] of read) expect([alt, height]).toEqual([text, 12])
    }, 120_000)

    it('mlcroissant finds nothing wrong in croissant.json, and reads all rows and images by it', async () => {
      const { dir, samples } = await smallDataset()
      const read = answerOf(venvPython, withCroissant, dir) as Record<string, string[]>
      expect(read).toMatchObject({ problems: '', rows: 21, keys: samples.map(({ key }) => key) })
      expect(new Set(read.uids).size).toBe(samples.length)
    }, 120_000)

    it('numpy and pyarrow read the embeddings in the order of the samples', async () => {
      const { dir, samples } = await smallDataset()
      expect(answerOf(venvPython, withNumpy, dir)).toEqual(samples.map(({ key, txt }) => [key, txt]))
    })

    it('all of them read what is left where samples and a whole shard were taken back', async () => {
      const { dir, keys } = await holedDataset()
      for (const program of [withWebdataset, withWids]) {
        const read = answerOf(venvPython, program, dir) as { key: string }[]
        expect(read.map(({ key }) => key)).toEqual(keys)
      }
      for (const program of [withDatasets, withNumpy]) {
        const read = answerOf(venvPython, program, dir) as [string][]
        expect(read.map(([key]) => key)).toEqual(keys)
      }
      expect(answerOf(venvPython, withCroissant, dir)).toMatchObject({ problems: '', keys })
    }, 120_000)

    it('duckdb sees lists, structs and times', async () => {
      const { dir, samples } = await smallDataset()
      expect(answerOf(venvPython, withDuckdb, dir)).toEqual([
        {
          captions: 'STRUCT(source VARCHAR, text VARCHAR, score DOUBLE)[]',
          permission:
            'STRUCT(rule VARCHAR, value VARCHAR, source VARCHAR, checked_at TIMESTAMP WITH TIME ZONE)',
          tags: 'VARCHAR[]',
          fetched_at: 'TIMESTAMP WITH TIME ZONE',
          stored_bytes: 'INTEGER',
        },
        [
          ...['alt', 'robots:none', 'page.example', 'img.example'],
          ...[Date.parse('2024-05-01T10:00:00.000Z'), samples.length],
        ],
      ])
    })
  },
)
