import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ServerState } from '../../../../src/backend/redis/server-state.js'
import type { WorkKind } from '../../../../src/backend/work-queue.js'
import {
  healthOf,
  type Look,
  readinessOf,
  unwatched,
  type Watched,
  watchedAfter,
} from '../../../../src/run/observe/health.js'

const kinds: readonly WorkKind[] = ['session', 'batch']
const quiet: Look = { waiting: [], active: 0, consumedAtMs: 0 }
const lookEveryMs = 5_000

/** Looks every five seconds from the start on. */
function watch(looks: readonly Look[], from: Watched = unwatched(0, 0)): Watched {
  return looks.reduce<Watched>(
    (before, look) => watchedAfter(before, look, before.lookedAtMs + lookEveryMs),
    from,
  )
}
const times = (n: number, look: Look): Look[] => Array.from({ length: n }, () => look)
const verdict = (looks: readonly Look[], of = kinds) => healthOf(watch(looks), of)

describe('a process is healthy', () => {
  test('while nothing waits, however long it has had nothing to do', () => {
    expect(verdict(times(10_000, quiet))).toEqual({ ok: true, reasons: [] })
  })

  test('while work waits that it goes on answering', () => {
    const looks = times(100, { ...quiet, waiting: ['session'] }).map((look, i) => ({
      ...look,
      consumedAtMs: i - (i % 10),
    }))
    expect(verdict(looks).ok).toBe(true)
  })

  test('while it is busy within a visit and more waits', () => {
    expect(verdict(times(100, { ...quiet, waiting: ['session'], active: 1 })).ok).toBe(true)
  })

  test('when work comes after a long quiet time, and is given its time', () => {
    const looks = [...times(1_000, quiet), ...times(11, { ...quiet, waiting: ['session'] } as Look)]
    expect(verdict(looks).ok).toBe(true)
  })

  test('when a visit begins after a long quiet time', () => {
    expect(verdict([...times(1_000, quiet), ...times(10, { ...quiet, active: 1 })]).ok).toBe(true)
  })

  test('after it slept, until it has had its time anew', () => {
    const waiting: Look = { ...quiet, waiting: ['batch'] }
    const before = watch(times(5, waiting))
    const woke = watchedAfter(before, waiting, before.lookedAtMs + 3_600_000)
    expect(healthOf(woke, kinds).ok).toBe(true)
    expect(healthOf(watch(times(11, waiting), woke), kinds).ok).toBe(true)
    expect(healthOf(watch(times(12, waiting), woke), kinds).ok).toBe(false)
  })

  test('while the backend is away for less than five minutes, and is not ready', () => {
    const away = watch(times(59, { ...quiet, waiting: null }))
    expect(healthOf(away, kinds).ok).toBe(true)
    expect(readinessOf(away, true, { kind: 'ok' })).toEqual({
      ok: false,
      reasons: ['the backend has not answered'],
    })
  })
})

describe('a process is unhealthy', () => {
  test('when work of its kinds has waited for a minute and it answered nothing', () => {
    const looks = times(13, { ...quiet, waiting: ['session'] } as Look)
    expect(verdict(looks.slice(1)).ok).toBe(true)
    expect(verdict(looks)).toEqual({
      ok: false,
      reasons: ['consumed no work for 60 s while session work waits'],
    })
  })

  test('when no visit has ended for ten minutes, or an hour where it carries out plans', () => {
    const busy = (n: number) => times(n, { ...quiet, active: 2 })
    expect(verdict(busy(120)).ok).toBe(true)
    expect(verdict(busy(121)).reasons).toEqual(['2 visits under way, and none ended for 600 s'])
    expect(verdict(busy(121), ['plan']).ok).toBe(true)
    expect(verdict(busy(721), ['plan']).ok).toBe(false)
  })

  test('when the backend has been away for five minutes', () => {
    expect(verdict(times(60, { ...quiet, waiting: null })).reasons).toEqual([
      'the backend has not answered for 300 s',
    ])
  })

  test('no more, once it answers a ring', () => {
    const stalled = watch(times(20, { ...quiet, waiting: ['session'] }))
    const moved = watch([{ waiting: ['session'], active: 0, consumedAtMs: 1 }], stalled)
    expect(healthOf(stalled, kinds).ok).toBe(false)
    expect(healthOf(moved, kinds).ok).toBe(true)
  })
})

const looks = fc.array(
  fc.record({
    waiting: fc.option(fc.subarray(['session', 'batch', 'plan'] as WorkKind[])),
    active: fc.nat(3),
    consumedAtMs: fc.nat(3),
  }),
  { maxLength: 200 },
)

test('who has answered a ring since the look before is never called stalled or stuck', () => {
  fc.assert(
    fc.property(looks, (before) => {
      const then = watch(before)
      const moved = watch([{ waiting: ['session'], active: 1, consumedAtMs: then.consumedAtMs + 1 }], then)
      expect(healthOf(moved, kinds).ok).toBe(true)
    }),
  )
})

test('whatever was seen before, a minute of waiting work and no answer is told, and a minute without work forgets it', () => {
  fc.assert(
    fc.property(looks, fc.constantFrom<WorkKind>('session', 'batch'), (before, kind) => {
      const then = watch(before)
      const still = { active: 0, consumedAtMs: then.consumedAtMs }
      const stalled = watch(times(13, { ...still, waiting: [kind] }), then)
      expect(healthOf(stalled, kinds).ok).toBe(false)
      expect(healthOf(watch([{ ...still, waiting: [] }], stalled), kinds).ok).toBe(true)
    }),
  )
})

test('a process is ready while it is connected and the last look was answered', () => {
  const ok = { kind: 'ok' } as const
  expect(readinessOf({ waiting: [] }, true, ok)).toEqual({ ok: true, reasons: [] })
  expect(readinessOf({ waiting: [] }, false, ok).ok).toBe(false)
  expect(readinessOf(unwatched(0, 0), true, ok).ok).toBe(false)
  expect(readinessOf({ waiting: [] }, true, null).ok).toBe(false)
})

test.each<[ServerState, string]>([
  [
    { kind: 'full', memory: { usedBytes: 6 * 2 ** 20, maxBytes: 6 * 2 ** 20 } },
    '6.0 MiB of maxmemory 6.0 MiB',
  ],
  [{ kind: 'read_only' }, 'copy'],
  [{ kind: 'misconf' }, 'disk'],
  [{ kind: 'loading' }, 'loading'],
  [{ kind: 'away' }, 'does not answer'],
])('a process is not ready, connected or not, while its server is %o, and says so', (state, said) => {
  for (const connected of [true, false]) {
    expect(readinessOf({ waiting: [] }, connected, state)).toEqual({
      ok: false,
      reasons: [expect.stringContaining(said)],
    })
  }
})
