import { describe, expect, test } from 'vitest'
import { guardRefusals, pageSkipReasons, renderFailures, trapReasons } from '../../../../src/crawl/index.js'
import { imageSkipReasons, rejectReasons } from '../../../../src/records/index.js'
import type { WorkEvent } from '../../../../src/run/observe/events.js'
import { createMetrics, type Metrics } from '../../../../src/run/observe/metrics.js'
import { runSkipReasons } from '../../../../src/workers/url-outcome.js'
import { samplesNamed, sampleValue } from '../../../fixtures/fleet/exposition.js'

async function after(...events: WorkEvent[]): Promise<string> {
  const metrics: Metrics = createMetrics()
  for (const event of events) metrics.observe(event)
  return await metrics.registry.metrics()
}
const counted = (counters: Record<string, number>, run = 'birds'): WorkEvent => ({
  kind: 'counted',
  run,
  counters,
})

describe('what a commit counted', () => {
  test('is a metric of its own for each name, with what stands after the colon as a label', async () => {
    const text = await after(
      counted({ pages: 2, page_bytes: 900, 'page_skipped:robots': 3, shards: 1, 'tagged:logo': 4 }),
      counted({ pages: 1, 'rejected:score_low': 5, kept: 6, image_bytes: 7 }),
      counted({ pages: 10 }, 'fish'),
    )
    expect(sampleValue(text, 'pairmill_pages_total', { run: 'birds' })).toBe(3)
    expect(sampleValue(text, 'pairmill_pages_total', { run: 'fish' })).toBe(10)
    expect(sampleValue(text, 'pairmill_page_bytes_total', { run: 'birds' })).toBe(900)
    expect(sampleValue(text, 'pairmill_pages_skipped_total', { run: 'birds', reason: 'robots' })).toBe(3)
    expect(sampleValue(text, 'pairmill_pairs_rejected_total', { run: 'birds', reason: 'score_low' })).toBe(5)
    expect(sampleValue(text, 'pairmill_pairs_kept_total', { run: 'birds' })).toBe(6)
    expect(sampleValue(text, 'pairmill_image_bytes_total', { run: 'birds' })).toBe(7)
    expect(sampleValue(text, 'pairmill_shards_total', { run: 'birds' })).toBe(1)
    expect(sampleValue(text, 'pairmill_pairs_tagged_total', { run: 'birds', tag: 'logo' })).toBe(4)
    expect(sampleValue(text, 'pairmill_unnamed_counters_total')).toBe(0)
  })

  test('keeps every reason that the stages know', async () => {
    const reasons = {
      page_skipped: [...pageSkipReasons, ...runSkipReasons, 'out_of_scope', 'too_deep', 'excluded'],
      image_skipped: imageSkipReasons,
      rejected: Object.values(rejectReasons).flat(),
      link_skipped: ['out_of_scope', 'too_deep', 'excluded', ...trapReasons],
    }
    const names = Object.entries(reasons).flatMap(([family, known]) => known.map((one) => `${family}:${one}`))
    const text = await after(counted(Object.fromEntries(names.map((name) => [name, 1]))))
    expect(text).not.toContain('"other"')
    expect(text.match(/reason="/g)).toHaveLength(names.length)
  })

  test('is named for what browsers did, with every reason', async () => {
    const text = await after(
      counted({
        pages_rendered: 5,
        renders_paid: 2,
        render_candidates: 9,
        render_requests: 30,
        render_bytes: 700,
      }),
      counted({ 'rendered:signed': 4, 'rendered:trial': 1 }),
      counted(Object.fromEntries(renderFailures.map((reason) => [`render_failed:${reason}`, 1]))),
      counted(Object.fromEntries(guardRefusals.map((reason) => [`render_refused:${reason}`, 1]))),
    )
    expect(sampleValue(text, 'pairmill_pages_rendered_total', { run: 'birds' })).toBe(5)
    expect(sampleValue(text, 'pairmill_renders_total', { run: 'birds', why: 'trial' })).toBe(1)
    expect(sampleValue(text, 'pairmill_renders_failed_total', { run: 'birds', reason: 'crash' })).toBe(1)
    expect(
      sampleValue(text, 'pairmill_render_requests_refused_total', { run: 'birds', reason: 'address' }),
    ).toBe(1)
    expect(sampleValue(text, 'pairmill_unnamed_counters_total')).toBe(0)
    expect(text).not.toContain('"other"')
  })

  test('makes no label of what it does not know, and says that it is there', async () => {
    const text = await after(counted({ 'rejected:http://a.test/': 1, 'rejected:b.test': 1, surprises: 4 }))
    expect(text).not.toContain('.test')
    expect(sampleValue(text, 'pairmill_pairs_rejected_total', { run: 'birds', reason: 'other' })).toBe(2)
    expect(sampleValue(text, 'pairmill_unnamed_counters_total')).toBe(4)
  })

  test('puts scores into the bins that they were counted by', async () => {
    const text = await after(counted({ 'score:0.28': 3, 'score:0.30': 2, 'score:-0.02': 1 }))
    const below = (le: string) => sampleValue(text, 'pairmill_clip_score_bucket', { run: 'birds', le })
    expect([below('0'), below('0.28'), below('0.3'), below('0.32'), below('1')]).toEqual([1, 1, 4, 6, 6])
  })
})

describe('what happens in a process', () => {
  test('is timed: visits by kind, and the model', async () => {
    const visit = (work: 'session' | 'plan', ms: number): WorkEvent => ({
      kind: 'visited',
      work,
      run: 'birds',
      key: 'a.test',
      ms,
      again: false,
    })
    const text = await after(visit('session', 40), visit('session', 2_000), visit('plan', 500), {
      kind: 'scored',
      run: 'birds',
      pairs: 64,
      ms: 1_500,
    })
    const name = 'pairmill_visit_duration_seconds'
    const session = { run: 'birds', kind: 'session' }
    expect(sampleValue(text, `${name}_count`, session)).toBe(2)
    expect(sampleValue(text, `${name}_sum`, session)).toBeCloseTo(2.04)
    expect(sampleValue(text, `${name}_bucket`, { ...session, le: '0.1' })).toBe(1)
    expect(sampleValue(text, `${name}_count`, { run: 'birds', kind: 'plan' })).toBe(1)
    expect(sampleValue(text, 'pairmill_inference_pairs_total', { run: 'birds' })).toBe(64)
    expect(sampleValue(text, 'pairmill_inference_duration_seconds_sum', { run: 'birds' })).toBeCloseTo(1.5)
  })

  test('is counted: lost leases by kind, troubles, problems, ends, sweeps, reconnections', async () => {
    const text = await after(
      { kind: 'lease_lost', work: 'batch', run: 'birds', key: '7' },
      { kind: 'trouble', run: 'birds', key: null, message: 'away' },
      { kind: 'trouble', run: null, key: null, message: 'away' },
      { kind: 'problem', run: 'birds', message: 'no model' },
      { kind: 'run_ended', run: 'birds', as: 'done' },
      { kind: 'run_ended', run: 'fish', as: 'a note of somebody' },
      { kind: 'swept', run: 'birds', files: 3 },
      { kind: 'reconnected' },
    )
    expect(sampleValue(text, 'pairmill_lease_losses_total', { run: 'birds', kind: 'batch' })).toBe(1)
    expect(sampleValue(text, 'pairmill_troubles_total', { run: 'birds' })).toBe(1)
    expect(sampleValue(text, 'pairmill_troubles_total', { run: '' })).toBe(1)
    expect(sampleValue(text, 'pairmill_problems_total', { run: 'birds' })).toBe(1)
    expect(sampleValue(text, 'pairmill_runs_ended_total', { as: 'done' })).toBe(1)
    expect(sampleValue(text, 'pairmill_runs_ended_total', { as: 'other' })).toBe(1)
    expect(sampleValue(text, 'pairmill_swept_files_total', { run: 'birds' })).toBe(3)
    expect(sampleValue(text, 'pairmill_backend_reconnections_total')).toBe(1)
  })

  test('gives labels to so many runs and no more', async () => {
    const text = await after(
      ...Array.from({ length: 1_000 }, (_, i) => counted({ pages: 1, [`tagged:${i}`]: 1 }, `run-${i}`)),
    )
    expect(samplesNamed(text, 'pairmill_pages_total')).toHaveLength(201)
    expect(sampleValue(text, 'pairmill_pages_total', { run: 'other' })).toBe(800)
    expect(
      new Set(samplesNamed(text, 'pairmill_pairs_tagged_total').map(({ labels }) => labels.tag)).size,
    ).toBe(51)
  })
})

test('two processes’ worth of metrics in one process do not meet', async () => {
  const [one, other] = [createMetrics(), createMetrics()]
  one.observe(counted({ pages: 1 }))
  expect(sampleValue(await other.registry.metrics(), 'pairmill_pages_total', { run: 'birds' })).toBeNull()
})

test('Node’s own metrics are there: memory and the lag of the event loop', async () => {
  const text = await after()
  expect(sampleValue(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e6)
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds')
})
