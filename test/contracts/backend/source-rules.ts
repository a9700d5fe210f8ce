import { describe, expect, it } from 'vitest'
import type { SourceCommit } from '../../../src/backend/backend.js'
import { withKnown } from '../../../src/run/known-candidates.js'
import type { OpenDesk } from './conformance.js'
import { roomy } from './desk.js'

export function sourceRules(open: OpenDesk): void {
  describe('a source', () => {
    const sourceDesk = async () => {
      const desk = await open()
      const { backend, run } = desk
      await backend.openSources(run, ['list'])
      const commit = (from: string, to: string, over: Partial<SourceCommit> = {}) =>
        backend.commitSource({
          run,
          source: 'list',
          from,
          to,
          ended: false,
          candidates: [],
          counters: {},
          ...roomy,
          ...over,
        })
      return { ...desk, commitSource: commit }
    }
    const states = async (desk: Awaited<ReturnType<typeof sourceDesk>>) =>
      desk.backend.openSources(desk.run, ['list'])

    it('is at its beginning when it is opened, and stays where it is when it is opened again', async () => {
      const desk = await open()
      const { backend, run } = desk
      const before = (await backend.progress(run)).seedings
      expect(await backend.openSources(run, ['b', 'a'])).toEqual([
        { source: 'b', cursor: '', ended: false },
        { source: 'a', cursor: '', ended: false },
      ])
      expect(await desk.progress()).toMatchObject({ sourcesOpen: 2 })
      const commit = { run, source: 'a', from: '', to: '7 x', candidates: [], counters: {}, ...roomy }
      expect(await backend.commitSource({ ...commit, ended: false })).toEqual({
        kind: 'committed',
        batches: [],
      })
      expect(await backend.openSources(run, ['a', 'c'])).toEqual([
        { source: 'a', cursor: '7 x', ended: false },
        { source: 'c', cursor: '', ended: false },
      ])
      expect(await desk.progress()).toMatchObject({ sourcesOpen: 3 })
      // Twice something new was named.
      expect((await backend.progress(run)).seedings).toBe(before + 2)
      expect(await backend.openSources(run, [])).toEqual([])
      expect(await backend.sources(run)).toEqual([
        { source: 'a', cursor: '7 x', ended: false },
        { source: 'b', cursor: '', ended: false },
        { source: 'c', cursor: '', ended: false },
      ])
    })

    it('gives its candidates and counts, and moves on, in one step', async () => {
      const desk = await sourceDesk()
      const found = desk.candidates(250)
      expect(await desk.commitSource('', '250', { candidates: found, counters: { rows: 251 } })).toEqual({
        kind: 'committed',
        batches: [],
      })
      expect(await desk.progress()).toMatchObject({ buffered: 250, sourcesOpen: 1 })
      expect(await desk.counters()).toEqual({ candidates: 250, rows: 251 })
      expect(await states(desk)).toEqual([{ source: 'list', cursor: '250', ended: false }])
    })

    it('takes nothing from a reader that does not begin where the last one ended', async () => {
      const desk = await sourceDesk()
      await desk.commitSource('', '5')
      const stray = { candidates: desk.candidates(120), counters: { rows: 9 } }
      const elsewhere = { kind: 'elsewhere', cursor: '5', ended: false }
      expect(await desk.commitSource('', '9', stray)).toEqual(elsewhere)
      expect(await desk.commitSource('4', '9', { ...stray, ended: true })).toEqual(elsewhere)
      expect(await desk.progress()).toMatchObject({ buffered: 0, sourcesOpen: 1 })
      expect(await desk.counters()).toEqual({})
    })

    it('answers a commit that comes twice as it did once, and counts it once', async () => {
      const desk = await sourceDesk()
      const given = { candidates: desk.candidates(3), counters: { rows: 3 } }
      await desk.commitSource('', '3', given)
      expect(await desk.commitSource('', '3', given)).toEqual({ kind: 'committed', batches: [] })
      await desk.commitSource('3', '3', { ended: true })
      expect(await desk.commitSource('3', '3', { ended: true })).toEqual({ kind: 'committed', batches: [] })
      expect(await desk.counters()).toEqual({ candidates: 3, rows: 3 })
      expect(await desk.progress()).toMatchObject({ sourcesOpen: 0, batchesOpen: 1 })
    })

    it('that was read to its end takes nothing more', async () => {
      const desk = await sourceDesk()
      await desk.commitSource('', '3', { ended: true })
      expect(await desk.commitSource('3', '4', { candidates: desk.candidates(1) })).toEqual({
        kind: 'elsewhere',
        cursor: '3',
        ended: true,
      })
      expect(await states(desk)).toEqual([{ source: 'list', cursor: '3', ended: true }])
    })

    it('gives a candidate that a page gave only once', async () => {
      const desk = await sourceDesk()
      const found = desk.candidates(4)
      await desk.bring(found.slice(0, 2))
      await desk.commitSource('', '4', { candidates: found })
      expect(await desk.counters()).toMatchObject({ candidates: 4 })
    })

    it('and pages together: whatever was seen is a candidate, or was known, also where a commit broke off', async () => {
      const desk = await sourceDesk()
      const found = desk.candidates(250)
      const seen = (n: number) => ({ candidates_seen: n })
      await desk.bring(found.slice(0, 200), { counters: seen(200) })
      await desk.bring(found, { counters: seen(250) })
      await desk.commitSource('', '9', { candidates: found.slice(0, 9), counters: seen(9) })
      const before = { candidates_seen: 459, candidates: 250, candidates_known: 209 }
      expect(withKnown(await desk.counters())).toEqual(before)

      // What the first steps of a commit brought may stay, where its last one does not come.
      const more = [...found, ...desk.candidates(230)]
      await desk.offer(desk.urlOf('broken', 1))
      const session = await desk.session('broken')
      await expect(desk.commit(session, { candidates: more, done: [], counters: seen(480) })).rejects.toThrow(
        'leased URLs',
      )
      await desk.commit(session, { candidates: more, counters: seen(480) })
      const counters = withKnown(await desk.counters())
      expect(counters).toEqual({ candidates_seen: 939, candidates: 480, candidates_known: 459 })
    })

    it('keeps a batch open for more while it is read, and closes what is left with its end', async () => {
      const desk = await sourceDesk()
      const full = await desk.commitSource('', '7', { candidates: desk.candidates(7), batchSize: 5 })
      expect(full).toMatchObject({ kind: 'committed', batches: [expect.any(String)] })
      expect(await desk.progress()).toMatchObject({ buffered: 2, batchesOpen: 1 })
      const last = await desk.commitSource('7', '7', { ended: true })
      expect(last).toMatchObject({ kind: 'committed', batches: [expect.any(String)] })
      expect(await desk.progress()).toMatchObject({ buffered: 0, batchesOpen: 2, sourcesOpen: 0 })
    })

    it('opens a run that ended again, and the end is not reached beside it', async () => {
      const desk = await open()
      const { backend, run } = desk
      const { seedings } = await backend.progress(run)
      await backend.endRun({ run, seedings, as: 'done' })
      await backend.openSources(run, ['list'])
      expect(await desk.progress()).toMatchObject({ ended: null, sourcesOpen: 1 })
      expect(await backend.endRun({ run, seedings, as: 'done' })).toBe(false)
    })
  })
}
