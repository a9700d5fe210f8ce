import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  noEvidence,
  type RenderEvidence,
  type RenderMode,
  renderDecision,
  trialShare,
  withLesson,
} from '../../../../src/crawl/render/policy.js'
import { type RenderSign, renderSigns } from '../../../../src/crawl/render/signs.js'

const signed: readonly RenderSign[] = ['scripts', 'script_built']
const plain: readonly RenderSign[] = ['scripts']
const unlucky = 0.999
const taught = (of: keyof RenderEvidence, ...paid: readonly boolean[]): RenderEvidence =>
  paid.reduce((known, one) => withLesson(known, { of, paid: one }), noEvidence)
const unpaid = (of: keyof RenderEvidence, times: number) =>
  taught(of, ...Array.from({ length: times }, () => false))
const rendersIn = (mode: RenderMode, signs: readonly RenderSign[], evidence = noEvidence, random = unlucky) =>
  renderDecision(mode, signs, evidence, random).kind === 'render'

describe('the decision to render a page', () => {
  it('is no in never and yes in always, whatever is known', () => {
    fc.assert(
      fc.property(fc.subarray([...renderSigns]), fc.double({ min: 0, max: 0.999 }), (signs, random) => {
        expect(rendersIn('never', signs, taught('signed', true, true), random)).toBe(false)
        expect(rendersIn('always', signs, unpaid('plain', 50), random)).toBe(true)
      }),
    )
  })

  it('is never yes in auto for a page in which nothing runs', () => {
    expect(rendersIn('auto', [], taught('plain', true, true, true), 0)).toBe(false)
  })

  it('is yes in auto where something is missing from the page', () => {
    for (const sign of renderSigns.slice(1)) expect(rendersIn('auto', ['scripts', sign])).toBe(true)
    expect(rendersIn('auto', ['shadow_root'])).toBe(true)
  })

  it('is left to trials where only scripts run', () => {
    expect(renderDecision('auto', plain, noEvidence, trialShare.plain)).toEqual({ kind: 'static' })
    const trial = { kind: 'render', of: 'plain', trial: true }
    expect(renderDecision('auto', plain, noEvidence, trialShare.plain - 0.001)).toEqual(trial)
  })

  it('follows the host: one trial that paid turns it, two that did not turn it back', () => {
    expect(rendersIn('auto', plain, taught('plain', true))).toBe(true)
    expect(rendersIn('auto', plain, taught('plain', true, false))).toBe(false)
    expect(rendersIn('auto', plain, taught('plain', true, false, true))).toBe(true)
  })

  it('gives a host up after eight renders that gave nothing, but for trials', () => {
    expect(rendersIn('auto', signed, unpaid('signed', 7))).toBe(true)
    expect(rendersIn('auto', signed, unpaid('signed', 8))).toBe(false)
    expect(renderDecision('auto', signed, unpaid('signed', 8), trialShare.signed - 0.001)).toMatchObject({
      trial: true,
    })
    expect(rendersIn('auto', signed, withLesson(unpaid('signed', 8), { of: 'signed', paid: true }))).toBe(
      true,
    )
  })

  it('of one kind of page is not that of the other', () => {
    expect(rendersIn('auto', plain, taught('signed', true, true, true))).toBe(false)
    expect(rendersIn('auto', signed, unpaid('plain', 50))).toBe(true)
  })

  it('comes to the stated share of trials on a host where nothing pays', () => {
    let state = 7
    const random = () => {
      state = (state * 48_271) % 2_147_483_647
      return state / 2_147_483_647
    }
    for (const [signs, of] of [[plain, 'plain'] as const, [signed, 'signed'] as const]) {
      let evidence = noEvidence
      let renders = 0
      for (let page = 0; page < 20_000; page++) {
        if (renderDecision('auto', signs, evidence, random()).kind === 'static') continue
        renders++
        evidence = withLesson(evidence, { of, paid: false })
      }
      expect(renders / 20_000).toBeGreaterThan(trialShare[of] * 0.85)
      expect(renders / 20_000).toBeLessThan(trialShare[of] * 1.15)
    }
  })

  it('never turns to no by a render that paid, nor to yes by one that did not', () => {
    const tally = fc.nat(40).chain((renders) => fc.nat(renders).map((paid) => ({ renders, paid })))
    fc.assert(
      fc.property(tally, tally, fc.constantFrom(plain, signed), (signedTally, plainTally, signs) => {
        const known = { signed: signedTally, plain: plainTally }
        const of = signs === plain ? 'plain' : 'signed'
        const [worse, now, better] = [
          withLesson(known, { of, paid: false }),
          known,
          withLesson(known, { of, paid: true }),
        ].map((evidence) => rendersIn('auto', signs, evidence))
        expect(Number(worse)).toBeLessThanOrEqual(Number(now))
        expect(Number(now)).toBeLessThanOrEqual(Number(better))
      }),
    )
  })
})
