import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoWeb, renderTruthScore, scoreAgainstTruth, startDemoWeb } from '../../../src/demo/index.js'
import type { ScoredRow } from '../../../src/demo/truth.js'
import { isPictured } from '../../../src/records/index.js'
import { attemptsOf, type Ended, newOut, pairmill, problemsOf } from '../../fixtures/run/pairmill.js'
import { picturesIn } from '../../fixtures/shard/dataset-fixture.js'

const model = resolve(import.meta.dirname, '../../../models/demo-drawings')
const missing = !existsSync(join(model, 'vision_model.onnx'))

describe.skipIf(missing)(
  `a run on the demo web with the shipped model${missing ? ' (skipped: models/demo-drawings is not there)' : ''}`,
  { timeout: 300_000 },
  () => {
    const stop = new AbortController()
    let web: DemoWeb
    let out: string
    let ended: Ended
    let rows: ScoredRow[]

    beforeAll(async () => {
      web = await startDemoWeb(
        // One style that the model learnt from, one that it did not.
        { port: 0, seed: 'demo run', styles: ['noto', 'fluent-emoji-flat'], picturesPerHost: 200 },
        stop.signal,
      )
      out = newOut()
      const options = {
        '--out': out,
        '--model': model,
        '--connect-to': web.connectTo,
        '--allow-private': '127.0.0.0/8',
        '--delay-ms': '5',
        '--image-delay-ms': '0',
      }
      ended = await pairmill(['run', ...web.seeds, ...Object.entries(options).flat()])
      rows = (await attemptsOf(out)).map(({ url, caption, reason, captions }) => ({
        url,
        caption,
        reason: reason as ScoredRow['reason'],
        captions,
      }))
    }, 300_000)
    afterAll(() => {
      stop.abort()
    })

    it('ends well, and its dataset is sound', async () => {
      expect(ended.code, ended.stderr).toBe(0)
      expect(await problemsOf(out)).toEqual([])
    })

    it('keeps right pairs and drops wrong ones', () => {
      const score = scoreAgainstTruth(rows, web.truth)
      console.log(renderTruthScore(score, web.forbiddenRequests()).join('\n'))
      expect(score.offeredWrong).toBeGreaterThan(20)
      expect(score.precision).toBeGreaterThanOrEqual(0.98)
      expect(score.recall).toBeGreaterThanOrEqual(0.94)
    })

    it('takes nothing that the sites forbid', () => {
      expect(web.forbiddenRequests()).toBe(0)
      expect(scoreAgainstTruth(rows, web.truth).forbiddenKept).toBe(0)
    })

    it('shows some of what it turned away, and nothing that the sites forbid', async () => {
      const tars = readdirSync(join(out, 'rejected'))
      const shown = (await Promise.all(tars.map((tar) => picturesIn(join(out, 'rejected', tar))))).flat()
      const reasons = new Set(shown.map(({ row }) => String(row.error_message)))
      console.log(`${shown.length} pictures of what was rejected: ${[...reasons].join(', ')}`)
      expect(reasons).toContain('score_low')
      expect([...reasons].every(isPictured)).toBe(true)
      const turnedAway = new Set(rows.map(({ url, reason }) => `${reason} ${url}`))
      for (const { row } of shown) expect(turnedAway).toContain(`${row.error_message} ${row.url}`)
    })

    it('says that its model is no CLIP', () => {
      expect(ended.stdout).toContain('not a CLIP model')
    })
  },
)
