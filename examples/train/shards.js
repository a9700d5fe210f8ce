#!/usr/bin/env node
/**
 * Makes what train.py reads, with `pairmill run` on the demo web:
 *
 *   node examples/train/shards.js FOLDER
 *
 * FOLDER/pairs-1, -2, -3  shards of every picture of the training styles, unfiltered (--model none): wrong alts are in
 *                  it. Three webs, so that a picture stands beside several texts and on several grounds: a text
 *                  that always comes with the same picture would be learnt by heart
 * FOLDER/held-out  shards of the style that training never sees
 * FOLDER/truth.json  {"names": [...], "shown": {image URL: name}} of the held-out style, for measuring
 *
 * Run it again to go on where it stopped: what is done is left as it is. `npm run build` comes first.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { heldOutStyle, loadCatalogue, startDemoWeb, trainingStyles } from '../../dist/demo/index.js'

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort())

/** The same at every start: it is one of the options that a run must be resumed with. */
const port = 8790

/** Crawls a demo web of these styles into `out`; gives the web's truth. */
async function crawl(styles, seed, out) {
  const size = { seed, styles, picturesPerHost: null }
  const web = await startDemoWeb({ ...size, port }, stop.signal)
  try {
    if (existsSync(`${out}.done`)) return web.truth
    const options = [
      ['--out', out],
      ['--model', 'none'],
      ['--connect-to', web.connectTo],
      ['--allow-private', '127.0.0.0/8'],
      ['--delay-ms', '0'],
      ['--image-delay-ms', '0'],
      ['--dedupe', 'exact'],
      ['--image-size', '128'],
      ['--shard-size', '1000'],
    ].flat()
    const child = spawn(process.execPath, [command, 'run', ...web.seeds, ...options], { stdio: 'inherit' })
    const onAbort = () => child.kill('SIGTERM')
    stop.signal.addEventListener('abort', onAbort, { once: true })
    const code = await new Promise((done, fail) => {
      child.once('error', fail)
      child.once('exit', (exitCode) => done(exitCode))
    })
    if (code !== 0) throw new Error(`pairmill run ended with ${code}`)
    await writeFile(`${out}.done`, '')
    return web.truth
  } finally {
    await web.close()
  }
}

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('usage: node examples/train/shards.js FOLDER\n')
  process.exit(2)
}
const root = resolve(folder)
await mkdir(root, { recursive: true })
const truth = await crawl([heldOutStyle], 'training', join(root, 'held-out'))
const { subjects } = await loadCatalogue(stop.signal)
const names = subjects.map((subject) => subject.name)
const shown = Object.fromEntries([...truth.shown].map(([url, { name }]) => [url, name]))
await writeFile(join(root, 'truth.json'), `${JSON.stringify({ names, shown })}\n`)
for (const seed of ['1', '2', '3']) {
  await crawl(trainingStyles, `training ${seed}`, join(root, `pairs-${seed}`))
}
