import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * One line of the table.
 * @typedef {object} Line
 * @property {string} what
 * @property {string} pairmill measured, with its unit; 'not measured' where it could not be
 * @property {string} other what it is compared with, measured in the same run on the same input
 * @property {number | null} ratio pairmill over the other; null = there is nothing to divide
 * @property {string} aim 'none' = only recorded
 * @property {boolean | null} met null = no aim, or not measured
 *
 * @typedef {{ lines: Line[], notes: string[] }} Section
 */

const folder = fileURLToPath(new URL('.', import.meta.url))
const storedPath = join(folder, 'results.json')
const tablePath = join(folder, 'RESULTS.md')

/** The machine, as far as a reader needs it to judge the figures. */
function machine() {
  const gib = (totalmem() / 2 ** 30).toFixed(0)
  const release = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="?([^"\n]*)/m)?.[1]
  return `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${gib} GiB, Node ${process.versions.node}, ${release ?? process.platform}`
}

const verdict = (met) => (met === null ? '-' : met ? 'met' : '**not met**')
const ratioText = (ratio) => (ratio === null ? '-' : `${ratio.toFixed(2)}x`)

/** @param {Record<string, Section & { title: string, measuredOn: string, machine: string }>} stored */
function table(stored) {
  const sections = Object.values(stored).map(({ title, measuredOn, machine: where, lines, notes }) =>
    [
      `## ${title}`,
      `Measured ${measuredOn} on ${where}.`,
      [
        '| what | pairmill | measured beside it | ratio | aim | |',
        '| --- | --- | --- | --- | --- | --- |',
        ...lines.map((line) =>
          ['', line.what, line.pairmill, line.other, ratioText(line.ratio), line.aim, verdict(line.met), '']
            .join(' | ')
            .trim(),
        ),
      ].join('\n'),
      notes.map((note) => `- ${note}`).join('\n'),
    ].join('\n\n'),
  )
  return `# Bench results

Written by \`npm run bench\`. Each line compares things measured in the same run, on the same machine and the same
input, one after the other; a figure is the median of the repeats. No line is left out because its aim was missed.

${sections.join('\n\n')}
`
}

async function readStored() {
  try {
    return JSON.parse(await readFile(storedPath, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return {}
    throw error
  }
}

/**
 * Puts one section in the place of its last measurement and writes the table anew, so that a section can be
 * measured again without the others.
 * @param {string} name
 * @param {string} title
 * @param {Section} section
 * @param {readonly string[]} order names of all sections as the table shows them
 */
export async function record(name, title, section, order) {
  const stored = await readStored()
  stored[name] = { title, measuredOn: new Date().toISOString().slice(0, 10), machine: machine(), ...section }
  const sorted = Object.fromEntries(order.filter((key) => key in stored).map((key) => [key, stored[key]]))
  await writeFile(storedPath, `${JSON.stringify(sorted, null, 2)}\n`)
  await writeFile(tablePath, table(sorted))
}

/** The median; null of nothing. @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length === 0) return null
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** A line for something that could not be measured. @returns {Line} */
export const unmeasured = (what, aim, why) => ({
  what,
  pairmill: 'not measured',
  other: why,
  ratio: null,
  aim,
  met: null,
})

/** Why nothing of a section was measured, for people; null = something was. @param {Section} section */
export function skipReason({ lines, notes }) {
  if (lines.some(({ pairmill }) => !pairmill.startsWith('not measured'))) return null
  return lines[0]?.other ?? notes.at(-1) ?? 'nothing was measured'
}
