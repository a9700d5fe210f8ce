import { median, unmeasured } from './results.js'

/**
 * @typedef {{ rate: number, cpuSeconds: number, peakRssBytes: number } | { problem: string }} Outcome rate = things per second; the rest is of the whole process
 * @typedef {{ name: string, label: string, run: () => Promise<Outcome> }} Contender
 * @typedef {Contender & { rates: number[], problem: string | null }} Measured
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
    .map((contender) => ({ ...contender, rates: [], problem: null }))
  for (let round = 0; round < repeat; round += 1) {
    for (const contender of entered) {
      if (contender.problem !== null) continue
      const outcome = await contender.run()
      if ('problem' in outcome) contender.problem = outcome.problem
      else contender.rates.push(outcome.rate)
      console.log(`  ${contender.name} (${contender.label}):`, outcome)
    }
  }
  return entered
}

/**
 * One line for each peer's setting, against pairmill.
 * @param {readonly Measured[]} measured
 * @param {string} unit of what is counted per second
 * @param {Readonly<Record<string, { text: string, ratio: number }>>} aims by the peer's name; a peer without one is only recorded
 * @returns {import('./results.js').Line[]}
 */
export function linesOf(measured, unit, aims) {
  const ours = measured.find(({ name }) => name === 'pairmill')
  const ourRate = median(ours?.rates ?? [])
  return measured
    .filter(({ name }) => name !== 'pairmill')
    .map(({ name, label, rates, problem }) => {
      const what = `against ${name} (${label})`
      const aim = aims[name]
      const theirs = median(rates)
      if (theirs === null) return unmeasured(what, aim?.text ?? 'none', problem ?? 'not run')
      const ratio = ourRate === null ? null : ourRate / theirs
      return {
        what,
        pairmill:
          ourRate === null
            ? `not measured: ${ours?.problem ?? 'not run'}`
            : `${ourRate.toFixed(0)} ${unit}/s`,
        other: `${theirs.toFixed(0)} ${unit}/s`,
        ratio,
        aim: aim?.text ?? 'none',
        met: aim === undefined || ratio === null ? null : ratio >= aim.ratio,
      }
    })
}
