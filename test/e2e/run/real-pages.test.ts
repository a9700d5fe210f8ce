import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalUrl } from '../../../src/crawl/index.js'
import { rejectReasons } from '../../../src/records/index.js'
import { type ClaimedPorts, claimPorts } from '../../fixtures/net/claimed-ports.js'
import {
  type Attempt,
  attemptsOf,
  countersOf,
  type Ended,
  leftovers,
  newOut,
  pairmill,
  problemsOf,
  tally,
  tempFolder,
} from '../../fixtures/run/pairmill.js'

const shared = resolve(import.meta.dirname, '../../../../shared')
const here =
  existsSync(join(shared, 'web/serve.py')) &&
  existsSync(join(shared, 'models/flickr8k-mobilenet')) &&
  spawnSync('python3', ['--version']).status === 0

/** One `<img>`, as an independent parser found it. */
interface TrueImage {
  readonly site: string
  readonly kind: string
  readonly url: string
  readonly alt: string | null
  /** Target of the link around it. */
  readonly link: string | null
  readonly exists: boolean
  readonly reachable: boolean
  readonly srcset: readonly TrueSource[]
  readonly picture_sources: readonly { readonly srcset: readonly TrueSource[] }[]
}

interface TrueSource {
  readonly url: string
  readonly exists: boolean
}

const truth: readonly TrueImage[] = here
  ? readFileSync(join(shared, 'web/truth.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TrueImage)
  : []
/** Everything that an image names as a source of it, src first; the file that its link leads to may be one. */
const sourcesOf = (image: TrueImage): readonly TrueSource[] => [
  image,
  ...image.srcset,
  ...image.picture_sources.flatMap(({ srcset }) => srcset),
  ...(image.link === null ? [] : [{ url: image.link, exists: true }]),
]

const sites = ['recipes.test', 'wangzhan.test', 'nanomanual.test']
/** Pages of each that a chain of links leads to from its front page, as `summary.json` counts them. */
const reachablePages = 13 + 207 + 47
const tidy = (text: string) => text.replace(/\s+/g, ' ').trim().normalize('NFC')

describe.skipIf(!here)(
  'a run over three real sites (skipped without ../shared or python3)',
  { timeout: 60_000 },
  () => {
    let server: ChildProcess
    let ports: ClaimedPorts | undefined
    let out: string
    let ended: Ended
    let attempts: readonly Attempt[]
    let counters: Record<string, number>

    beforeAll(async () => {
      ports = await claimPorts(1)
      const port = ports.first
      server = spawn('python3', [join(shared, 'web/serve.py'), '--port', String(port), '--quiet'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      await new Promise<void>((ready, failed) => {
        server.stdout!.once('data', () => ready())
        server.once('exit', () => failed(new Error('the web did not start')))
      })
      const model = tempFolder()
      for (const [folder, names] of [
        ['models/flickr8k-mobilenet', ['vision_model.onnx', 'text_model.onnx']],
        ['tokenizer', ['tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json']],
      ] as const) {
        for (const name of names) symlinkSync(join(shared, folder, name), join(model, name))
      }
      out = newOut()
      const seeds = sites.map((site) => `http://${site}/`)
      const options = [
        '--model',
        model,
        '--threshold',
        '0.1',
        '--delay-ms',
        '5',
        '--shard-size',
        '20',
        '--threads',
        '1',
        // What is measured is the reading of their HTML, as it was saved.
        '--render',
        'never',
      ]
      const web = ['--connect-to', `::127.0.0.1:${port}`, '--allow-private', '127.0.0.0/8']
      ended = await pairmill(['run', ...seeds, '--out', out, ...options, ...web])
      attempts = await attemptsOf(out)
      counters = await countersOf(out)
    }, 400_000)
    afterAll(async () => {
      server?.kill()
      await ports?.release()
    })

    it('ends with 0, and its dataset verifies', async () => {
      expect(ended.code, ended.stderr).toBe(0)
      expect(await problemsOf(out)).toEqual([])
      expect(leftovers(out)).toEqual([])
      expect(counters.kept).toBeGreaterThan(10)
    })

    it('visits every page that links lead to', () => {
      expect(counters.pages).toBeGreaterThanOrEqual(reachablePages)
    })

    it('scores every pair that it keeps, and keeps none below the threshold', () => {
      const kept = attempts.filter(({ reason }) => reason === null)
      expect(kept).toHaveLength(counters.kept!)
      for (const { score, url } of kept) expect(score, url).toBeGreaterThanOrEqual(0.1)
      const low = attempts.filter(({ reason }) => reason === 'score_low')
      expect(low.length).toBeGreaterThan(0)
      for (const { score, url } of low) expect(score, url).toBeLessThan(0.1)
    })

    it('names for every image that it got a URL that has one', () => {
      const existing = new Set(
        truth.flatMap((image) =>
          sourcesOf(image).flatMap(({ url, exists }) => (exists ? [canonicalUrl(url)] : [])),
        ),
      )
      const got = attempts.filter(({ sha256 }) => sha256 !== null)
      expect(got.length).toBeGreaterThan(counters.kept!)
      expect(got.map(({ url }) => url).filter((url) => !existing.has(url))).toEqual([])
    })

    it('accounts for every reachable pair of an image that exists and its alt: kept, or rejected with a reason', () => {
      const wanted = truth.filter(
        (image) => image.reachable && image.exists && image.kind === 'http' && tidy(image.alt ?? '') !== '',
      )
      const byPair = new Map<string, Attempt>()
      for (const attempt of attempts) {
        for (const { source, text } of attempt.captions) {
          if (source === 'alt') byPair.set(`${attempt.url} ${text}`, attempt)
        }
      }
      const reasons: string[] = []
      const missed: string[] = []
      const pairs = new Map(wanted.map((image) => [`${image.url} ${tidy(image.alt!)}`, image]))
      for (const [pair, image] of pairs) {
        // A candidate goes by the source that gave its image, which may be another than src.
        const found = sourcesOf(image)
          .map(({ url }) => byPair.get(`${canonicalUrl(url)} ${tidy(image.alt!)}`))
          .find((attempt) => attempt !== undefined)
        if (found === undefined) missed.push(pair)
        else reasons.push(found.reason ?? 'kept')
      }
      const known = new Set<string>(['kept', ...Object.values(rejectReasons).flat()])
      expect(reasons.filter((reason) => !known.has(reason))).toEqual([])
      console.info(
        `real pages: ${pairs.size - missed.length} of ${pairs.size} reachable pairs accounted for:`,
        tally(reasons),
      )
      expect(pairs.size).toBe(164)
      expect(missed).toEqual([])
    })
  },
)
