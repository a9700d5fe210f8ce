import { median, unmeasured } from './results.js'

/**
 * @typedef {{ rate: number, cpuSeconds: number, peakRssBytes: number } | { problem: string }} Outcome rate = things per second; the rest is of the whole process
 * @typedef {{ name: string, label: string, run: () => Promise<Outcome> }} Contender
 * @typedef {Contender & { rates: number[], cpuSeconds: number[], problem: string | null }} Measured
 */

/**
 * Runs every contender `repeat` times, in turn, so that what disturbs the machine for a while disturbs all of
 * them. One that failed is not tried again.
 * @param {readonly Contender[]} contenders
 * @param {{ repeat: number, only: string | null }} options only = the name of the one that runs alone; null = all run
 * @returns {Promise<Measured[]>}
 */
export async function compete(contenders, { repeat, only }) {
  const entered = contenders
    .filter(({ name }) => only === null || name === only)
    .map((contender) => ({ ...contender, rates: [], cpuSeconds: [], problem: null }))
  for (let round = 0; round < repeat; round += 1) {
    for (const contender of entered) {
      if (contender.problem !== null) continue
      const outcome = await contender.run()
      if ('problem' in outcome) contender.problem = outcome.problem
      else {
        contender.rates.push(outcome.rate)
        contender.cpuSeconds.push(outcome.cpuSeconds)
      }
      console.log(`  ${contender.name} (${contender.label}):`, outcome)
    }
  }
  return entered
}

/**
 * One line for each peer's setting, against pairmill.
 * @param {readonly Measured[]} measured
 * @param {{ unit: string, count: number }} work what was counted, and how many of it each run did
 * @param {Readonly<Record<string, { text: string, ratio: number }>>} aims by the peer's name; a peer without one is only recorded
 * @returns {import('./results.js').Line[]}
 */
export function linesOf(measured, { unit, count }, aims) {
  const ours = measured.find(({ name }) => name === 'pairmill')
  const figure = ({ rates, cpuSeconds }) =>
    `${median(rates)?.toFixed(0)} ${unit}/s (${((median(cpuSeconds) ?? 0) / (count / 1000)).toFixed(1)} CPU s per 1,000)`
  return measured
    .filter(({ name }) => name !== 'pairmill')
    .map((peer) => {
      const what = `against ${peer.name} (${peer.label})`
      const aim = aims[peer.name]
      if (peer.rates.length === 0) return unmeasured(what, aim?.text ?? 'none', peer.problem ?? 'not run')
      const failed = ours === undefined || ours.rates.length === 0
      // Each round's own ratio: its runs stood beside each other, so that a busy machine slowed them alike.
      const ratio = failed
        ? null
        : median(ours.rates.map((rate, i) => rate / (peer.rates[i] ?? Number.NaN)).filter(Number.isFinite))
      return {
        what,
        pairmill: failed ? `not measured: ${ours?.problem ?? 'not run'}` : figure(ours),
        other: figure(peer),
        ratio,
        aim: aim?.text ?? 'none',
        met: aim === undefined || ratio === null ? null : ratio >= aim.ratio,
      }
    })
}
