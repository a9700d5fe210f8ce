import { expect, it } from 'vitest'
import { noEvidence } from '../../../src/crawl/index.js'
import { RenderLessons } from '../../../src/workers/render-lessons.js'

it('what browsers teach about a host counts on top of what was known, and is told once', () => {
  const lessons = new RenderLessons({ signed: { renders: 7, paid: 1 }, plain: { renders: 0, paid: 0 } })
  lessons.add({ learned: { of: 'signed', paid: true }, counters: { pages_rendered: 1 } })
  lessons.add({ learned: null, counters: { pages_rendered: 1, 'render_failed:busy': 1 } })
  expect(lessons.evidence.signed).toEqual({ renders: 8, paid: 2 })
  expect(lessons.take()).toEqual({
    rendered: { signed: { renders: 1, paid: 1 }, plain: { renders: 0, paid: 0 } },
    counters: { pages_rendered: 2, 'render_failed:busy': 1 },
  })
  expect(lessons.take()).toEqual({ rendered: noEvidence, counters: {} })
  expect(lessons.evidence.signed).toEqual({ renders: 8, paid: 2 })
})
