import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { boxedModel } from './clip.js'
import { runCommand } from './command.js'
import { runImg2dataset, settings, stored } from './images.js'
import { runPairmill } from './pairmill.js'
import { chain as chainPrograms } from './peers.js'
import { makePictures } from './pictures.js'
import { cache, peersFolder, program, repo } from './places.js'
import { median, unmeasured } from './results.js'
import { startWeb } from './web.js'

export const title = 'Whole line against a chain: Scrapy, img2dataset, a scoring pass'
/** Beside the clone; null = nothing. */
export const needs = 'Python with pip (Scrapy, img2dataset, onnxruntime)'

const size = { width: 640, height: 480 }
const shardSize = 1000
/** Every score is kept: noise pictures fit no caption, and the work is the same for a pair that is dropped. */
const threshold = -1
const atOnce = 16
const limitMs = 20 * 60_000
const megabyte = 1e6

/**
 * @typedef {object} Figures
 * @property {number} seconds from the first program's start to the last one's end
 * @property {number} cpuSeconds of all processes
 * @property {number} largestMb resident memory of the largest process
 * @property {number} writtenMb that went to storage
 * @property {number} kept pairs that the verification read back
 * @property {number} requests for images that the server saw
 * @property {[string, number][]} [threads] CPU seconds of `pairmill run` by what a thread does
 */

/** Adds up the programs of one line, which follow each other. @param {readonly import('./command.js').Ran[]} steps */
function summed(steps) {
  return {
    seconds: steps.reduce((sum, ran) => sum + ran.endMs - ran.startMs, 0) / 1000,
    cpuSeconds: steps.reduce((sum, ran) => sum + ran.cpuSeconds, 0),
    largestMb: Math.max(...steps.map((ran) => ran.largestRssBytes)) / megabyte,
    writtenMb: steps.reduce((sum, ran) => sum + ran.writtenBytes, 0) / megabyte,
  }
}

/** @returns {Promise<Omit<Figures, 'requests'> | { problem: string }>} */
async function withChain({ python }, seed, pages, model) {
  const at = (name) => join(cache, `chain-${name}`)
  const steps = []
  const step = async (name, args) => {
    const log = at(`${name}.log`)
    const ran = await runCommand(python, args, { limitMs, log, cwd: cache })
    steps.push(ran)
    return { ok: ran.code === 0, log }
  }
  await rm(at('out'), { recursive: true, force: true })
  const script = (name) => join(peersFolder, name)
  const crawled = await step('scrapy', [
    script('scrapy_site.py'),
    at('pairs.jsonl'),
    String(atOnce),
    '-',
    seed,
  ])
  if (!crawled.ok) return { problem: `scrapy failed (see ${crawled.log})` }
  const listed = await step('list', [script('chain_list.py'), at('pairs.jsonl'), at('list.csv')])
  if (!listed.ok) return { problem: `the list was not written (see ${listed.log})` }
  const peer = { file: python, before: ['-m', 'img2dataset.main'] }
  const fetched = await runImg2dataset(peer, settings[0], at('list.csv'), at('images'), pages)
  steps.push(fetched)
  if (fetched.code !== 0) return { problem: `img2dataset failed (see ${join(cache, 'img2dataset.log')})` }
  const score = ['score', model, at('images'), at('out'), String(threshold), String(shardSize)]
  const scored = await step('score', [script('chain_score.py'), ...score])
  if (!scored.ok) return { problem: `the scoring pass failed (see ${scored.log})` }
  const verified = await step('verify', [script('chain_score.py'), 'verify', at('out')])
  if (!verified.ok) return { problem: `the chain's shards are not whole (see ${verified.log})` }
  return { ...summed(steps), kept: Number(readFileSync(verified.log, 'utf8')) }
}

/** @returns {Promise<Omit<Figures, 'requests'> | { problem: string }>} */
async function withPairmill(seed, model) {
  const flags = [
    ...['--model', model, '--threshold', String(threshold), '--shard-size', String(shardSize)],
    ...['--image-size', String(stored.longSide), '--image-quality', String(stored.quality)],
    ...['--concurrency', String(atOnce)],
  ]
  const { ran, threads, counters, out, problem } = await runPairmill('chain', {
    seeds: [seed],
    flags,
    limitMs,
  })
  if (problem !== null) return { problem }
  const log = join(cache, 'chain-pairmill-verify.log')
  const verified = await runCommand(program, ['verify', out], { limitMs, log, cwd: repo })
  if (verified.code !== 0) return { problem: `pairmill verify failed (see ${log})` }
  return { ...summed([ran, verified]), threads, kept: counters.kept ?? 0 }
}

/**
 * One site of this many pages, each side `repeat` times in turn.
 * @returns {Promise<{ readonly chain: Figures[], readonly pairmill: Figures[] } | { readonly problem: string }>}
 */
async function atSize(pages, { python, pictures, model, repeat, only }) {
  const web = await startWeb({ kind: 'line', pages, pictures, hosts: 1 })
  const seed = `${web.origins[0]}/page/0.html`
  const sides = [
    { name: 'chain', run: () => withChain({ python }, seed, pages, model) },
    { name: 'pairmill', run: () => withPairmill(seed, model) },
  ].filter(({ name }) => only === null || name === only)
  /** @type {{ chain: Figures[], pairmill: Figures[] }} */
  const rounds = { chain: [], pairmill: [] }
  try {
    for (let round = 0; round < repeat; round += 1) {
      for (const { name, run } of sides) {
        await web.reset()
        const figures = await run()
        if ('problem' in figures) return figures
        const { picture } = await web.report()
        const found = { ...figures, requests: picture.count }
        console.log(`  ${pages} pages, ${name}:`, found)
        if (found.kept !== pages || found.requests !== pages) {
          return { problem: `${name} kept ${found.kept} of ${pages} pairs, by ${found.requests} requests` }
        }
        rounds[name].push(found)
      }
    }
    return rounds
  } finally {
    await web.stop()
  }
}

/** One line of the table: the chain's figure over pairmill's, round by round. */
function lineOf(pages, rounds, { what, pick, digits, aim }) {
  const ratios = rounds.pairmill.map((ours, i) => pick(rounds.chain[i]) / pick(ours))
  const ratio = median(ratios)
  return {
    what: `${what}, ${pages} pages`,
    pairmill: median(rounds.pairmill.map(pick)).toFixed(digits),
    other: median(rounds.chain.map(pick)).toFixed(digits),
    ratio,
    aim: aim === null ? 'none' : `the chain's at least ${aim}x`,
    met: aim === null ? null : ratio >= aim,
  }
}

const figures = [
  { what: 'wall seconds', pick: (one) => one.seconds, digits: 1, aim: 1.5 },
  { what: 'CPU seconds', pick: (one) => one.cpuSeconds, digits: 1, aim: 1.4 },
  { what: 'largest process, MB', pick: (one) => one.largestMb, digits: 0, aim: null },
  { what: 'written to storage, MB', pick: (one) => one.writtenMb, digits: 0, aim: null },
]

/** Where the CPU of a run goes, as a note. @param {number} pages @param {readonly [string, number][]} threads */
function threadTable(pages, threads) {
  const told = threads.filter(([, seconds]) => seconds >= 0.05)
  return `CPU seconds of \`run\` by thread, ${pages} pages, in the last round: ${told.map(([what, seconds]) => `${what} ${seconds.toFixed(1)}`).join('; ')}.`
}

/**
 * @param {{ chainPages: readonly number[], model: string | null, repeat: number, only: string | null }} options
 * @returns {Promise<import('./results.js').Section>}
 */
export async function measure({ chainPages, model: given, repeat, only }) {
  const aims = 'as in the lines above'
  const peer = await chainPrograms()
  if ('missing' in peer) return { lines: [unmeasured(title, aims, peer.missing)], notes: [] }
  const model = resolve(given ?? boxedModel)
  const pictures = join(cache, 'pictures-vga')
  await makePictures(pictures, Math.max(...chainPages), size)
  const lines = []
  const tables = []
  /** @type {Map<number, number>} Pairs a second that pairmill kept, by the size of the site. */
  const rates = new Map()
  for (const pages of chainPages) {
    const rounds = await atSize(pages, { python: peer.python, pictures, model, repeat, only })
    if ('problem' in rounds) {
      lines.push(unmeasured(`${pages} pages`, aims, rounds.problem))
    } else if (only === null) {
      lines.push(...figures.map((figure) => lineOf(pages, rounds, figure)))
      tables.push(threadTable(pages, rounds.pairmill.at(-1)?.threads ?? []))
      rates.set(pages, median(rounds.pairmill.map(({ seconds }) => pages / seconds)))
    }
  }
  const [few, many] = [Math.min(...rates.keys()), Math.max(...rates.keys())]
  if (many > few) {
    const ratio = rates.get(many) / rates.get(few)
    lines.push({
      what: 'kept pairs a second',
      pairmill: `${rates.get(many).toFixed(1)} at ${many} pages`,
      other: `${rates.get(few).toFixed(1)} at ${few} pages`,
      ratio,
      aim: 'at least 0.95',
      met: ratio >= 0.95,
    })
  }
  const notes = [
    `A site of so many pages on one host: 9 KB, 20 links, 10 images a page, of which one (${size.width} x ${size.height}, 31 KB, no two alike) has a caption worth its download. Kept pairs and image requests agree on both sides, or nothing is reported.`,
    `The chain: Scrapy with ${atOnce} requests at once; a list of the captions that have three words; img2dataset with ${settings[0].label}; a scoring pass in Python on onnxruntime (batches of 32, captions once, two threads that make pictures ready, byte duplicates dropped); its shards read back. pairmill: \`run\`, then \`verify\`. Both store JPEGs of quality ${stored.quality} with a long side of ${stored.longSide} and score with the same small model. Ratio = the chain's over pairmill's, median of ${repeat} rounds in turn.`,
    'pairmill does more meanwhile: near duplicates, permission for pages and images, a row for every candidate and page, shuffled shards, a state that survives a kill.',
    ...tables,
  ]
  return { lines, notes }
}
