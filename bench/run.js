/**
 * `npm run bench [-- section...] [options]`: measures the sections named (all where none is) and writes
 * bench/RESULTS.md. Everything runs on 127.0.0.0/8, is bounded in time and stops by itself; the first use of a
 * peer installs it into .cache/bench. A clone is enough: pages, pictures, lists and models are made or lie in it. What a section needs
 * beside it `--list` says; where that is missing the section is skipped with a word, and its last figures stay.
 */
import { mkdir } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { cache } from './places.js'
import { record, skipReason } from './results.js'

/** Name of each section and the module that measures it, in the order of the table. */
const modules = {
  crawl: './crawl.js',
  images: './images.js',
  'images-run': './images-run.js',
  lists: './lists.js',
  archives: './archives.js',
  clip: './scoring.js',
  line: './line.js',
  chain: './chain.js',
  redis: './redis.js',
  s3: './s3.js',
  'open-web': './open-web.js',
  render: './render.js',
  scale: './scale.js',
  written: './written.js',
  growth: './growth.js',
  near: './near.js',
  retract: './retract.js',
  commits: './commits.js',
  query: './query.js',
  curate: './curate.js',
  feed: './feed.js',
  'feed-serve': './feed-serve.js',
  explore: './explore.js',
  fleet: './fleet.js',
  'fleet-state': './fleet-state.js',
}
const sections = Object.keys(modules)

// No program that is measured tells anybody what it does: onnxruntime would, in Python as in Node.
process.env.ORT_DISABLE_TELEMETRY = '1'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Pages of the crawl site, on each host. */
    pages: { type: 'string', default: '3000' },
    hosts: { type: 'string', default: '1' },
    images: { type: 'string', default: '2000' },
    /** Pages of the two sites of the whole line. */
    'line-pages': { type: 'string', default: '1000,10000' },
    /** Pages of the sites on which the whole line is compared with a chain of programs. */
    'chain-pages': { type: 'string', default: '1000,3000,10000' },
    /** URLs of the frontier in Redis. */
    urls: { type: 'string', default: '1000000' },
    /** Images that are kept in Redis. */
    kept: { type: 'string', default: '1000000' },
    /** Pages of each of the 200 hosts that crawl workers share. */
    'fleet-pages': { type: 'string', default: '10' },
    /** Pages, with a picture each, of the site on which Redis is compared with PGlite. */
    'fleet-images': { type: 'string', default: '1000' },
    /** Minutes for which a fleet works before its Redis is weighed. */
    'state-minutes': { type: 'string', default: '10' },
    /** Pages that are rendered. */
    rendered: { type: 'string', default: '200' },
    /** CLIP model folder of the whole line. */
    model: { type: 'string' },
    repeat: { type: 'string', default: '3' },
    /** Also tries the peers' settings that were found slower. */
    'all-settings': { type: 'boolean', default: false },
    /** Runs this contender alone, and leaves RESULTS.md as it is: pairmill, scrapy, crawlee or img2dataset. */
    only: { type: 'string' },
    /** Prints the section and leaves RESULTS.md as it is. */
    dry: { type: 'boolean', default: false },
    /** Lists the sections with what each needs, and measures none. */
    list: { type: 'boolean', default: false },
  },
})

const options = {
  pages: Number(values.pages),
  hosts: Number(values.hosts),
  images: Number(values.images),
  linePages: values['line-pages'].split(',').map(Number),
  chainPages: values['chain-pages'].split(',').map(Number),
  urls: Number(values.urls),
  kept: Number(values.kept),
  fleetPages: Number(values['fleet-pages']),
  fleetImages: Number(values['fleet-images']),
  stateMinutes: Number(values['state-minutes']),
  rendered: Number(values.rendered),
  model: values.model ?? null,
  repeat: Number(values.repeat),
  allSettings: values['all-settings'],
  only: values.only ?? null,
}

const unknown = positionals.filter((name) => !sections.includes(name))
if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(', ')}; there are ${sections.join(', ')}.`)
  process.exit(2)
}

const chosen = positionals.length > 0 ? positionals : sections

async function list() {
  for (const name of chosen) {
    const { title, needs } = await import(modules[name])
    console.log(`${name.padEnd(12)} ${title}${needs === null ? '' : ` (needs ${needs})`}`)
  }
}

/** Measures one section and records it, unless that was not wanted, or nothing of it could be measured here. */
async function run(name) {
  console.log(`${name} ...`)
  const { measure, title } = await import(modules[name])
  const section = await measure(options)
  if (values.dry || options.only !== null) return console.log(JSON.stringify(section, null, 2))
  const reason = skipReason(section)
  if (reason === null) await record(name, title, section, sections)
  else console.log(`  skipped: ${reason}`)
}

await mkdir(cache, { recursive: true })
if (values.list) await list()
else for (const name of chosen) await run(name)
