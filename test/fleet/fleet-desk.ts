import {
  connectFleet,
  type FleetRunDetails,
  type FleetWorker,
  type Order,
  orderRun,
  readRun,
  readWorkers,
} from '../../src/workers/fleet/index.js'
import { pairmill, type Running, start, tempFolder } from '../run/pairmill.js'
import { photos, sentence } from '../run/pictures.js'
import type { TestWeb } from '../run/test-web.js'

/** What `status NAME --json` says of a run. */
export type FleetRunJson = FleetRunDetails & { readonly workers: readonly FleetWorker[] }

/** A fleet of built programs around one server. */
export async function fleetDesk(redisUrl: string) {
  const env = { PAIRMILL_BACKEND: redisUrl }
  const call = (words: readonly string[]) => pairmill(words, env)
  const worker = (...words: readonly string[]): Running =>
    start(['work', ...words, '--scratch', tempFolder()], env)
  const fleet = await connectFleet(redisUrl, () => {})
  if ('message' in fleet) throw new Error(fleet.message)
  /** Asked here: a program that is started for it takes as long as a small run. */
  const statusOf = async (run: string): Promise<FleetRunJson> => {
    const [details, workers] = await Promise.all([readRun(fleet.backend, run), readWorkers(fleet.backend)])
    if (details === null) throw new Error(`there is no run ${run}`)
    return { ...details, workers }
  }
  const order = (run: string, what: Order) => orderRun(fleet, run, what)
  return { env, call, worker, statusOf, order, close: () => fleet.close() }
}

export interface Site {
  readonly hosts: readonly string[]
  readonly pagesPerHost: number
  readonly perPage: number
  /** Distinguishes the pictures and captions of two sites. */
  readonly first?: number
}

/** Puts a site of pages with photos on the web; answers `URL caption` of every pair it shows, sorted. */
export async function serveSite(web: TestWeb, site: Site): Promise<string[]> {
  const { hosts, pagesPerHost, perPage, first = 0 } = site
  const bytes = await photos(20_000 + first, hosts.length * pagesPerHost * perPage)
  const wanted: string[] = []
  let number = 0
  for (const host of hosts) {
    for (let page = 0; page < pagesPerHost; page++) {
      const images = Array.from({ length: perPage }, (_, n) => {
        const shownOn = n === 0 ? host : `img-${n}.test`
        const src = `http://${shownOn}/${first + number}.jpg`
        const alt = sentence(first + number)
        web.picture(`${shownOn}/${first + number}.jpg`, bytes[number]!)
        wanted.push(`${src} ${alt}`)
        number++
        return { src, alt }
      })
      const links = [2 * page + 1, 2 * page + 2]
        .filter((next) => next < pagesPerHost)
        .map((next) => `/${next}.html`)
      web.page(`${host}/${page === 0 ? '' : `${page}.html`}`, { links: [...links, '/'], images })
    }
  }
  return wanted.sort()
}
