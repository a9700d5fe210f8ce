import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { smallModelFolder } from '../../fixtures/filter/clip/small-model.js'
import { countersOf, newOut, pairmill, tempFolder } from '../../fixtures/run/pairmill.js'
import { photo, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

/** Packages that take a tenth of a second of CPU to load, or tens of megabytes, in each thread that loads them. */
const heavy = [
  '@aws-sdk/client-s3',
  '@electric-sql/pglite',
  '@huggingface/tokenizers',
  'bullmq',
  'css-select',
  'eld',
  'ioredis',
  'onnxruntime-node',
  'pino',
  'playwright',
  'prom-client',
  'sharp',
  'zod',
] as const

/** Thread of the process, by what it begins with. */
const threads = {
  '/dist/cli/main.js': 'main',
  '/dist/backend/pglite/thread.js': 'database',
  '/dist/lock/beat-thread.js': 'lock',
  '/dist/filter/clip/thread.js': 'model',
  '/dist/filter/clip/prepare-thread.js': 'prepare',
  '/dist/filter/develop-thread.js': 'pictures',
} as const

/** The modules that each thread of a process has loaded: V8 lists them in what it writes for coverage. */
function urlsIn(folder: string): string[][] {
  return readdirSync(folder).map((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: { url: string }[] }
    return result.map(({ url }) => url)
  })
}

/** The heavy packages that each thread of a process has loaded. */
function loadedIn(folder: string): Record<string, string[]> {
  const loaded = urlsIn(folder).map((urls) => {
    const [, thread = 'unknown'] =
      Object.entries(threads).find(([file]) => urls.some((url) => url.endsWith(file))) ?? []
    return [
      thread,
      heavy.filter((name) => urls.some((url) => url.includes(`/node_modules/${name}/`))),
    ] as const
  })
  return Object.fromEntries(loaded)
}

describe('a run loads what it uses', { timeout: 120_000 }, () => {
  let web: TestWeb
  beforeAll(async () => {
    web = await startTestWeb()
    web.page('a.test/bare', {})
    web.page('a.test/image', { images: [{ src: '/1.jpg', alt: sentence(1) }] })
    web.picture('a.test/1.jpg', await photo(1))
  })
  afterAll(() => web.close())

  async function run(path: string, model: string) {
    const out = newOut()
    const coverage = tempFolder()
    const words = ['run', `http://a.test/${path}`, '--out', out, '--model', model, '--threshold', '-1']
    const { code, stderr } = await pairmill(
      [
        ...words,
        '--max-depth',
        '0',
        '--delay-ms',
        '0',
        '--repeated-text',
        'none',
        '--render',
        'never',
        ...web.words,
      ],
      { NODE_V8_COVERAGE: coverage },
    )
    expect([code, stderr]).toEqual([0, expect.any(String)])
    const { kept = 0 } = await countersOf(out)
    return { kept, loaded: loadedIn(coverage) }
  }

  it('and for a page without images no image library, model or language', async () => {
    expect(await run('bare', 'none')).toEqual({
      kept: 0,
      loaded: { main: ['zod'], database: ['@electric-sql/pglite'], lock: [] },
    })
  })

  it('and for an image the languages, and the image library in the thread of pictures alone, but no model where none scores', async () => {
    expect(await run('image', 'none')).toEqual({
      kept: 1,
      loaded: {
        main: ['eld', 'zod'],
        database: ['@electric-sql/pglite'],
        lock: [],
        pictures: ['sharp'],
      },
    })
  })

  it('and what a model needs in the threads of the model alone', async () => {
    const { loaded } = await run('image', smallModelFolder())
    expect(loaded).toEqual({
      main: ['eld', 'zod'],
      database: ['@electric-sql/pglite'],
      lock: [],
      model: ['onnxruntime-node'],
      pictures: ['sharp'],
      prepare: ['@huggingface/tokenizers'],
    })
  })
})

describe('a command line is read', { timeout: 120_000 }, () => {
  it('with the rooms alone that say what may be asked, none that fetches, judges or writes', async () => {
    const coverage = tempFolder()
    expect(await pairmill(['--version'], { NODE_V8_COVERAGE: coverage })).toMatchObject({ code: 0 })
    const rooms = urlsIn(coverage)
      .flat()
      .map((url) => /\/dist\/([^/]+)\//.exec(url)?.[1])
    expect(new Set(rooms.filter((room) => room !== undefined))).toEqual(
      new Set(['cli', 'options', 'records', 'timing', 'curate']),
    )
    expect(
      urlsIn(coverage)
        .flat()
        .filter((url) => /node_modules\/(undici|hyparquet)/.test(url)),
    ).toEqual([])
  })
})
