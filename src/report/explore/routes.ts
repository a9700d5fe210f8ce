import type { IncomingMessage } from 'node:http'
import { SqlError } from '../../query/index.js'
import { embeddingNames, stemOf, UnreadableDataset } from '../../shard/index.js'
import { createSemaphore, type Semaphore } from '../../timing/index.js'
import { type Answer, json, problem } from './answer.js'
import { duplicateSets } from './duplicate-sets.js'
import { type ExplorerState, type LiveAnswer, type LiveHost, pairOrders } from './explore-data.js'
import type { Explored } from './explored.js'
import type { Figures } from './figures.js'
import { withYields } from './host-yields.js'
import type { Newest } from './newest.js'
import { pairRecord, storedPair } from './pair-record.js'
import { pairRows } from './pair-rows.js'
import { Refusal } from './problem.js'
import type { RejectedPictures } from './rejected-pictures.js'
import { reasonCounts, rejectedRows } from './rejected-rows.js'
import { bodyOf } from './request-body.js'
import type { Search } from './search.js'
import { selectionFiles, selectionSchema, selectionText } from './selection.js'
import { ScanFailed } from './vectors/scan-threads.js'

/** What stands behind the answers. */
export interface RouteDeps {
  readonly place: string
  readonly explored: Explored
  readonly search: Search
  readonly rejected: RejectedPictures
  readonly newest: Newest
  /** Words for reasons. */
  readonly meanings: Readonly<Record<string, string>>
  /** null = there is no run. */
  readonly live: ((signal: AbortSignal) => Promise<LiveRun | null>) | null
  readonly figures: Figures
  readonly now: () => number
}

/** What is told of a run by those who know runs. */
export type LiveRun = Omit<LiveAnswer, 'newest' | 'hosts'> & {
  readonly hosts: readonly Omit<LiveHost, 'kept' | 'candidates'>[]
}

/** Longest time for a statement. */
const askMs = 30_000
/** Statements at once: each takes all the threads that it gets. */
const asksAtOnce = 2
const mostRows = 200
const mostWhere = 10_000
const mostQuery = 1_000
const mostImageBytes = 20_000_000
const mostSelectionBytes = 8_000_000

type Route = (call: Call) => Promise<Answer>

interface Call {
  readonly params: URLSearchParams
  readonly request: IncomingMessage
  readonly signal: AbortSignal
}

/** Answers of an explorer by method and path below its `api`. */
export function explorerRoutes(
  deps: RouteDeps,
): (call: Call & { method: string; path: string }) => Promise<Answer> {
  const asking = createSemaphore(asksAtOnce)
  const routes: Readonly<Record<string, Route>> = {
    ...listRoutes(deps, asking),
    ...otherRoutes(deps, asking),
  }
  return async ({ method, path, ...call }) => {
    const name = `${method === 'HEAD' ? 'GET' : method} ${path}`
    const route = Object.hasOwn(routes, name) ? routes[name] : undefined
    if (route === undefined) return problem(404, 'there is no such answer')
    try {
      await deps.explored.look()
      return await route(call)
    } catch (error) {
      return answerOf(error, call.signal)
    }
  }
}

/** A failure for people. What nobody expects is thrown on. */
function answerOf(error: unknown, signal: AbortSignal): Answer {
  if (error instanceof Refusal) return problem(error.status, error.message)
  if (signal.aborted && signal.reason instanceof DOMException)
    return problem(504, `it took longer than ${askMs / 1000} s: ask for less`)
  if (error instanceof SqlError) return problem(error.blames === 'statement' ? 422 : 503, error.message)
  if (error instanceof UnreadableDataset || error instanceof ScanFailed) return problem(503, error.message)
  throw error
}

function listRoutes(deps: RouteDeps, asking: Semaphore): Record<string, Route> {
  const { explored, rejected, meanings } = deps
  const asked =
    (route: Route): Route =>
    (call) =>
      asking(() => {
        const signal = AbortSignal.any([call.signal, AbortSignal.timeout(askMs)])
        return route({ ...call, signal }).catch((error: unknown) => answerOf(error, signal))
      })
  return {
    'GET /pairs': asked(async ({ params, signal }) => {
      const order = params.get('order') ?? 'key'
      const known = pairOrders.find((one) => one === order)
      if (known === undefined) throw new Refusal(400, `order: expected one of ${pairOrders.join(', ')}`)
      return json(await pairRows(explored, { ...wishOf(params), order: known }, signal))
    }),
    'GET /rejected': asked(async ({ params, signal }) => {
      await rejected.follow(explored.contents.entries, signal)
      const wish = { ...wishOf(params), reason: params.get('reason') }
      return json(await rejectedRows(explored, wish, meanings, rejected.nameOf, signal))
    }),
    'GET /duplicates': asked(async ({ params, signal }) =>
      json(await duplicateSets(explored, wishOf(params), signal)),
    ),
    'GET /reasons': async () => json(reasonCounts(explored.contents)),
    'GET /figures': async () => {
      const figures = await deps.figures.look()
      if (figures.kind === 'not-shown') return problem(503, figures.message)
      return figures.kind === 'made' ? json(figures.report) : json(figures, 202)
    },
  }
}

function otherRoutes(deps: RouteDeps, asking: Semaphore): Record<string, Route> {
  const { explored, search, rejected, newest, now } = deps
  const most = (params: URLSearchParams) => limitOf(params, 60)
  return {
    'GET /state': async () => json(stateOf(deps)),
    'GET /pair': async ({ params, signal }) =>
      json(pairRecord(await storedPair(explored, keyIn(params), signal))),
    'GET /picture': async ({ params, signal }) => {
      const { picture } = await storedPair(explored, keyIn(params), signal)
      const type = `image/${picture.format === 'jpg' ? 'jpeg' : picture.format}`
      return { kind: 'bytes', type, bytes: picture.bytes }
    },
    'GET /rejected-picture': async ({ params, signal }) => {
      const bytes = await rejected.read(params.get('name') ?? '', signal)
      return bytes === null
        ? problem(404, 'there is no such picture')
        : { kind: 'bytes', type: 'image/webp', bytes }
    },
    'GET /newest-picture': async ({ params }) => {
      const found = newest.pictureOf(params.get('batch') ?? '', Number(params.get('n') ?? -1))
      return found === null ? problem(404, 'there is no such picture') : { kind: 'bytes', ...found }
    },
    'GET /search': async ({ params, signal }) => {
      const [text, key] = [params.get('text')?.trim() ?? '', params.get('key')]
      if (text === '' && key === null) throw new Refusal(400, 'text: say what is looked for')
      if (text.length > mostQuery) throw new Refusal(400, `text: at most ${mostQuery} characters`)
      const query = key === null ? ({ kind: 'text', text } as const) : ({ kind: 'pair', key } as const)
      return json(await asking(() => search.find(query, most(params), now, signal)))
    },
    'POST /search': async ({ params, request, signal }) => {
      const bytes = await bodyOf(request, ['image/', 'application/octet-stream'], mostImageBytes)
      return json(await asking(() => search.find({ kind: 'image', bytes }, most(params), now, signal)))
    },
    'POST /selection': async ({ request }) => {
      const bytes = await bodyOf(request, ['application/json'], mostSelectionBytes)
      const wish = selectionSchema.safeParse(parsed(bytes))
      if (!wish.success)
        throw new Refusal(400, 'a selection is a form, uids or retract, and uids of 32 hex digits')
      return { kind: 'file', name: selectionFiles[wish.data.form], text: selectionText(wish.data) }
    },
    'GET /live': async ({ signal }) => {
      const live = await deps.live?.(signal)
      if (live === undefined || live === null) return problem(404, 'there is no run to follow')
      const hosts = await withYields(explored, live.hosts, signal)
      const pictures = live.isGoingOn ? await newest.look(signal) : null
      return json({ ...live, hosts, newest: pictures } satisfies LiveAnswer)
    },
  }
}

function stateOf({ place, explored, live }: RouteDeps): ExplorerState {
  const { shards, entries, manifest, version, live: standing } = explored.contents
  const modelId = shards.find((one) => one.modelId !== null)?.modelId ?? null
  const embedded = shards.reduce((sum, one) => {
    const isNamed = one.files.some(({ name }) => name === embeddingNames(stemOf(one)).images)
    return isNamed && one.modelId === modelId ? sum + one.samples : sum
  }, 0)
  return {
    place,
    pairs: standing.total,
    rejected: entries.reduce((sum, one) => sum + one.rows - one.samples, 0),
    shards: shards.length,
    generation: manifest?.generation ?? 0,
    version,
    search: {
      images: explored.index.size,
      of: embedded,
      modelId,
    },
    hasRun: live !== null,
  }
}

function wishOf(params: URLSearchParams) {
  const where = params.get('where')?.trim() ?? ''
  if (where.length > mostWhere) throw new Refusal(400, `where: at most ${mostWhere} characters`)
  return { where: where === '' ? null : where, after: params.get('after'), limit: limitOf(params, 60) }
}

function limitOf(params: URLSearchParams, fallback: number): number {
  const given = params.get('limit')
  const limit = given === null ? fallback : Number(given)
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostRows) return limit
  throw new Refusal(400, `limit: expected a whole number from 1 to ${mostRows}`)
}

function keyIn(params: URLSearchParams): string {
  const key = params.get('key') ?? ''
  if (/^\d{1,30}$/.test(key)) return key
  throw new Refusal(400, 'key: expected the digits of a key')
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return null
  }
}
