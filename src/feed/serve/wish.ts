import { captionSources } from '../../records/index.js'
import type { CaptionWish } from '../sample.js'
import { type Reader, readerProblem } from '../share.js'
import { type FeedState, readState } from '../state.js'

/** Which samples there are, and in which order: of one order all parts of all worlds are cut. */
export interface OrderWish {
  readonly seed: string
  /** Folder in each dataset, as `pairmill curate --split` makes them; null = the dataset itself. */
  readonly split: string | null
  /** SQL condition; null = every sample. */
  readonly where: string | null
}

/** A virtual tar: one rank's part of an epoch, or one worker's of it. */
export interface TarWish {
  readonly order: OrderWish
  readonly caption: CaptionWish
  /** `next`: the one to which the server's own record has come. */
  readonly epoch: number | 'next'
  readonly reader: Reader
  /** Where to go on; null = from the beginning. */
  readonly from: FeedState | null
  /** Samples that each rank had taken at `from`, since its workers began to take turns. */
  readonly step: number
  /** Whether each sample has a member KEY.state. */
  readonly withState: boolean
}

/** How far the parts of an order have come. */
export interface StateWish {
  readonly order: OrderWish
  readonly world: number
  /** null = the place up to which all parts have come. */
  readonly rank: number | null
}

/** A request that is not met; `message`: why and what to do, for people. */
export interface Refusal {
  readonly kind: 'refused'
  readonly status: 400 | 403 | 404 | 405
  readonly message: string
}

export type Asked =
  | { readonly kind: 'tar'; readonly wish: TarWish }
  | { readonly kind: 'state'; readonly wish: StateWish }
  | { readonly kind: 'start' }
  | Refusal

const tarPath = /^\/epoch\/(next|\d{1,9})\/(\d{1,9})-of-(\d{1,9})\.tar$/
const tarNames = ['seed', 'split', 'where', 'caption', 'from', 'state', 'worker', 'workers', 'batch', 'step']
const stateNames = ['seed', 'split', 'where', 'rank', 'world']
const splitName = /^[a-z][a-z0-9_-]{0,39}$/

/** What a request is about, by its path and query. Pure. */
export function askedBy(method: string, url: string): Asked {
  if (!URL.canParse(url, 'http://any')) return refused(400, `'${url}' is no path`)
  const { pathname, searchParams } = new URL(url, 'http://any')
  const isState = pathname === '/state'
  const tar = tarPath.exec(pathname)
  if (tar === null && !isState && pathname !== '/')
    return refused(404, `there is no ${pathname} here: /epoch/0/00000-of-00001.tar is a whole epoch`)
  const methods = isState ? ['GET', 'HEAD', 'PUT'] : ['GET', 'HEAD']
  if (!methods.includes(method))
    return refused(405, `${method} is not done here: ask by ${methods.join(', ')}`)
  if (pathname === '/') return { kind: 'start' }
  const unknown = unknownName(searchParams, isState ? stateNames : tarNames)
  if (unknown !== null) return refused(400, unknown)
  const order = orderOf(searchParams)
  if ('kind' in order) return order
  if (tar === null) return stateAsked(order, searchParams)
  const [, epoch = '', rank, world] = tar
  return tarAsked(order, { epoch, rank: Number(rank), world: Number(world) }, searchParams)
}

function orderOf(query: URLSearchParams): OrderWish | Refusal {
  const split = query.get('split')
  if (split !== null && !splitName.test(split))
    return refused(400, `split: expected a name such as train, got '${split}'`)
  const where = query.get('where')
  if (where !== null && where.trim() === '')
    return refused(400, 'where: the condition is empty: leave it out')
  return { seed: query.get('seed') ?? '0', split, where }
}

function tarAsked(
  order: OrderWish,
  part: { readonly epoch: string; readonly rank: number; readonly world: number },
  query: URLSearchParams,
): Asked {
  const counts = countsOf(query, { worker: 0, workers: 1, batch: 1, step: 0 })
  if ('kind' in counts) return counts
  const { worker, workers, batch, step } = counts
  const reader: Reader = { rank: part.rank, world: part.world, worker, workers, batchSize: batch }
  const problem = readerProblem(reader)
  if (problem !== null) return refused(400, problem)
  const caption = captionWish(query.get('caption'))
  if (caption === null)
    return refused(
      400,
      `caption: expected best, or some of ${captionSources.join(', ')}, got '${query.get('caption')}'`,
    )
  const state = query.get('state') ?? '0'
  if (state !== '0' && state !== '1') return refused(400, `state: expected 0 or 1, got '${state}'`)
  const from = query.get('from')
  const read = from === null ? null : readState(from)
  if (read !== null && 'problem' in read) return refused(400, `from: ${read.problem}`)
  const epoch: TarWish['epoch'] = part.epoch === 'next' ? 'next' : Number(part.epoch)
  const misplaced = read === null ? null : fromProblem(read, epoch, order, query.has('seed'))
  if (misplaced !== null) return refused(400, misplaced)
  const wish = { caption, epoch, reader, from: read, step, withState: state === '1' }
  // A state has its seed, which whoever passes it on need not know.
  return { kind: 'tar', wish: { ...wish, order: { ...order, seed: read?.seed ?? order.seed } } }
}

function fromProblem(from: FeedState, epoch: TarWish['epoch'], order: OrderWish, isSeedGiven: boolean) {
  if (epoch === 'next') return 'from: the server keeps where /epoch/next/ goes on: ask /epoch/N/ by a state'
  if (from.epoch !== epoch) return `from: the state is one of epoch ${from.epoch}: ask /epoch/${from.epoch}/`
  if (isSeedGiven && from.seed !== order.seed)
    return `from: the state has the seed '${from.seed}', and '${order.seed}' is asked for: leave one of them out`
  return null
}

function stateAsked(order: OrderWish, query: URLSearchParams): Asked {
  const counts = countsOf(query, { rank: 0, world: 1 })
  if ('kind' in counts) return counts
  const { rank, world } = counts
  const problem = readerProblem({ rank, world, worker: 0, workers: 1, batchSize: 1 })
  if (problem !== null) return refused(400, problem)
  return { kind: 'state', wish: { order, world, rank: query.has('rank') ? rank : null } }
}

function captionWish(text: string | null): CaptionWish | null {
  if (text === null || text === 'best') return 'best'
  const named = text.split(',').map((name) => name.trim())
  const sources = named.flatMap((name) => captionSources.filter((source) => source === name))
  return sources.length === named.length ? sources : null
}

/** A name that is none is mostly a `&` that a shell or a condition has eaten. */
function unknownName(query: URLSearchParams, names: readonly string[]): string | null {
  for (const name of new Set(query.keys())) {
    if (!names.includes(name))
      return `'${name}' is not known: there are ${names.join(', ')}; an & in a value is written %26`
    if (query.getAll(name).length > 1) return `${name} is given more than once`
  }
  return null
}

/** Whole numbers of a query, with what they are where they are not given. */
function countsOf<Name extends string>(
  query: URLSearchParams,
  defaults: Readonly<Record<Name, number>>,
): Record<Name, number> | Refusal {
  const counts: Record<Name, number> = { ...defaults }
  for (const name of Object.keys(defaults) as Name[]) {
    const text = query.get(name)
    if (text === null) continue
    if (!/^\d{1,15}$/.test(text)) return refused(400, `${name}: expected a whole number, got '${text}'`)
    counts[name] = Number(text)
  }
  return counts
}

export const refused = (status: Refusal['status'], message: string): Refusal => ({
  kind: 'refused',
  status,
  message,
})
