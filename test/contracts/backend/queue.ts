import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type Consumer,
  slotKeys,
  type Work,
  type WorkKind,
  type WorkQueue,
  type WorkResult,
} from '../../../src/backend/work-queue.js'
import { hex } from './desk.js'

const hourMs = 3_600_000
const patience = { timeout: 60_000, interval: 10 }

/** What every work queue must hold to. */
export function queueConformance(
  name: string,
  open: (onError: (error: Error) => void) => Promise<WorkQueue>,
): void {
  describe(`${name} as a work queue`, () => {
    const errors: Error[] = []
    const noteError = (error: Error) => void errors.push(error)
    let queue: WorkQueue
    let answering: Consumer[] = []
    beforeAll(async () => {
      queue = await open(noteError)
      await queue.clear()
    }, 60_000)
    afterEach(async () => {
      await Promise.all(answering.map((worker) => worker.close(false)))
      answering = []
      await queue.clear()
      expect(errors).toEqual([])
    })
    afterAll(() => queue.close())

    const answer = (
      visit: (key: string) => Promise<WorkResult>,
      concurrency = 4,
      kind: WorkKind = 'session',
    ) => {
      const visited: string[] = []
      const worker = queue.consume(
        kind,
        concurrency,
        ({ key }) => {
          visited.push(key)
          return visit(key)
        },
        noteError,
      )
      answering.push(worker)
      return { visited, worker }
    }
    const done = async (): Promise<WorkResult> => ({ kind: 'done' })
    const run = `run-${hex(4)}`
    const tell = (...keys: string[]) => queue.notify('session', run, keys)
    const heard = (visited: string[]) => expect.poll(() => visited, patience)
    /** After this item was answered, so was every one before it. */
    const settled = async (visited: string[]) => {
      const last = `last-${hex(4)}`
      await tell(last)
      await heard(visited).toContain(last)
    }

    it('gives its workers what they were notified of', async () => {
      const notified: unknown[] = []
      const visit: Work = async (told) => {
        notified.push(told)
        return { kind: 'done' }
      }
      answering.push(queue.consume('plan', 1, visit, noteError))
      await queue.notify('plan', run, ['7'])
      await expect.poll(() => notified, patience).toEqual([{ v: 1, run, key: '7' }])
    })

    it('wakes a worker that would sleep for an hour', async () => {
      const { visited } = answer(done)
      // The next thing due is an hour away: only word of a new item ends the wait before.
      await queue.notify('session', run, ['far'], hourMs)
      for (let i = 0; i < 5; i++) {
        await tell(`now-${i}`)
        await heard(visited).toContain(`now-${i}`)
      }
      await queue.notify('session', run, ['soon'], 150)
      await heard(visited).toContain('soon')
      expect(visited).not.toContain('far')
    })

    it('keeps kinds and runs apart', async () => {
      const sessions = answer(done)
      const batches = answer(done, 1, 'batch')
      await queue.notify('batch', run, ['a'])
      await queue.notify('session', run, ['a'])
      await queue.notify('session', `${run}-other`, ['a'])
      await heard(sessions.visited).toEqual(['a', 'a'])
      await heard(batches.visited).toEqual(['a'])
    })

    it('lets runs take turns, where each has a slot that comes again', async () => {
      const turns: string[] = []
      const left = new Map([
        ['many', 9],
        ['few', 3],
      ])
      // Both are told before anybody answers, the one with more to do first.
      for (const run of left.keys()) await queue.notify('batch', run, slotKeys(1))
      const work: Work = async ({ run }) => {
        const more = left.get(run)!
        if (more === 0) return { kind: 'done' }
        left.set(run, more - 1)
        turns.push(run)
        return { kind: 'again', inMs: 0 }
      }
      answering.push(queue.consume('batch', 1, work, noteError))
      await heard(turns).toHaveLength(12)
      expect(turns.indexOf('few')).toBeLessThanOrEqual(2)
      expect(turns.lastIndexOf('few')).toBeLessThanOrEqual(8)
    })

    it('counts what waits, for a place or for its time, and what is worked on', async () => {
      expect(await queue.size('session')).toBe(0)
      await tell('a', 'b', 'c')
      await queue.notify('session', run, ['later'], hourMs)
      expect(await queue.size('session')).toBe(4)
      const { visited } = answer(() => new Promise<WorkResult>(() => {}), 1)
      await heard(visited).toHaveLength(1)
      expect(await queue.size('session')).toBe(4)
      expect(await queue.size('batch')).toBe(0)
      await Promise.all(answering.map((worker) => worker.close(true)))
      answering = []
    })

    it('takes a hint while it is short', async () => {
      await queue.hint('session', run, ['a', 'b'])
      const { visited } = answer(done)
      await heard(visited).toEqual(expect.arrayContaining(['a', 'b']))
    })

    it('gives a key once, however often it is notified of before', async () => {
      await tell('a', 'b')
      await tell('a')
      await tell('a', 'a')
      const { visited } = answer(done, 1)
      await settled(visited)
      expect(visited.filter((key) => key === 'a')).toHaveLength(1)
      expect(visited.filter((key) => key === 'b')).toHaveLength(1)
      await tell('a')
      await expect.poll(() => visited.filter((key) => key === 'a').length, patience).toBe(2)
    })

    it('keeps a notification that comes while its key is worked on for afterwards', async () => {
      let release = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      let active = 0
      let most = 0
      const { visited } = answer(async (key) => {
        if (key !== 'a') return { kind: 'done' }
        most = Math.max(most, ++active)
        await held
        active--
        return { kind: 'done' }
      })
      await tell('a')
      await heard(visited).toEqual(['a'])
      await tell('a')
      await tell('a')
      await settled(visited)
      expect(visited.filter((key) => key === 'a')).toHaveLength(1)
      release()
      await expect.poll(() => visited.filter((key) => key === 'a').length, patience).toBe(2)
      await settled(visited)
      expect(visited.filter((key) => key === 'a')).toHaveLength(2)
      expect(most).toBe(1)
    })

    it('gives a key at once that was put off and is notified of again, and then no more', async () => {
      const { visited } = answer(async () => ({ kind: visited.length < 2 ? 'again' : 'done', inMs: hourMs }))
      await queue.notify('session', run, ['a'], hourMs)
      await tell('a')
      await heard(visited).toEqual(['a'])
      // It was put off by the visit itself this time; the item may come before that is written.
      await expect
        .poll(async () => {
          await tell('a')
          return visited.length
        }, patience)
        .toBeGreaterThanOrEqual(2)
      await settled(visited)
    })

    it('gives a key again when its work says so, as often as it does', async () => {
      let visits = 0
      const { visited } = answer(async () => (++visits < 4 ? { kind: 'again', inMs: 5 } : { kind: 'done' }))
      await tell('a')
      await heard(visited).toEqual(['a', 'a', 'a', 'a'])
      await tell('a')
      await heard(visited).toHaveLength(5)
    })

    it('gives a key again, and is not deaf for it afterwards, where it was notified of meanwhile', async () => {
      let visits = 0
      let release = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      const { visited } = answer(async (key) => {
        if (key !== 'a' || ++visits > 1) return { kind: 'done' }
        await held
        return { kind: 'again', inMs: 5 }
      })
      await tell('a')
      await heard(visited).toEqual(['a'])
      await tell('a')
      release()
      await expect.poll(() => visits, patience).toBeGreaterThanOrEqual(2)
      await settled(visited)
      const before = visits
      await tell('a')
      await expect.poll(() => visits, patience).toBeGreaterThan(before)
    })

    it('gives a key again after work that failed', async () => {
      const { visited } = answer(async (key) => {
        if (key === 'bad') throw new Error('the visit failed')
        return { kind: 'done' }
      })
      await tell('bad')
      await expect.poll(() => errors.map(({ message }) => message), patience).toEqual(['the visit failed'])
      errors.length = 0
      await tell('bad')
      await expect.poll(() => visited, patience).toEqual(['bad', 'bad'])
      await expect.poll(() => errors, patience).toHaveLength(1)
      errors.length = 0
    })

    it('is dropped for one run, and works for the others', async () => {
      const ended = `ended-${hex(3)}`
      const many = Array.from({ length: 1_200 }, (_, i) => `k${i}`)
      await queue.notify('session', ended, many)
      await queue.notify('session', ended, ['later'], hourMs)
      await queue.notify('batch', ended, ['1'])
      await tell('a', 'b')
      await queue.drop(ended)
      const batches = answer(done, 4, 'batch')
      const { visited } = answer(done)
      await heard(visited).toEqual(expect.arrayContaining(['a', 'b']))
      await settled(visited)
      expect(visited.filter((key) => key !== 'a' && key !== 'b')).toHaveLength(1)
      expect(batches.visited).toEqual([])
      // And one of that name can be told anew.
      await queue.notify('session', ended, ['k1', 'later'])
      await heard(visited).toEqual(expect.arrayContaining(['k1', 'later']))
    })

    it('is cleared, and can be used anew', async () => {
      await tell('a', 'b')
      await queue.notify('session', run, ['later'], hourMs)
      await queue.clear()
      const { visited } = answer(done)
      await settled(visited)
      expect(visited).toHaveLength(1)
      await tell('a', 'later')
      await heard(visited).toEqual(expect.arrayContaining(['a', 'later']))
    })

    it('is cleared where a process died over its keys, and can be used anew', async () => {
      const stuck = answer(() => new Promise<WorkResult>(() => {}))
      await tell('a')
      await heard(stuck.visited).toEqual(['a'])
      answering = []
      await stuck.worker.close(true)
      await queue.clear()
      const { visited } = answer(done)
      await tell('a')
      await heard(visited).toEqual(['a'])
    })
  })
}
