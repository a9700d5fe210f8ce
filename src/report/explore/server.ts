import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { networkInterfaces } from 'node:os'
import { messageOf } from '../../records/index.js'
import { htmlDocument, type PageParts, policyOf } from '../document.js'
import { type Answer, problem, send } from './answer.js'
import { namesOf, refusalOf, type ServerNames } from './guard.js'
import { explorerRoutes, type RouteDeps } from './routes.js'

interface ExplorerServer {
  /** `http://127.0.0.1:8080/`. */
  readonly url: string
  close(): Promise<void>
}

interface ExplorerAddress {
  /** 0 = any free one. */
  readonly port: number
  readonly host: string
}

const api = '/api'
const mostUrl = 20_000
/** Heads are there at once, and a picture that is sent within a minute. */
const headersMs = 10_000
const requestMs = 60_000

/**
 * Serves the page of an explorer, and what it asks for. It changes nothing, and answers nobody but its own page. `message`: why it cannot listen.
 */
export async function serveExplorer(
  { port, host }: ExplorerAddress,
  parts: PageParts,
  deps: RouteDeps,
  onTrouble: (error: unknown) => void,
): Promise<ExplorerServer | { readonly message: string }> {
  const page = pageOf(parts, deps.live !== null)
  const route = explorerRoutes(deps)
  const names = namesOf(host, ownAddresses())
  const server = createServer(
    { headersTimeout: headersMs, requestTimeout: requestMs, maxHeaderSize: 32 * 1024 },
    (request, response) => {
      const left = new AbortController()
      response.on('close', () => left.abort(new Error('nobody waits for the answer any more')))
      answerTo(request, { page, route, names }, left.signal).then(
        (answer) => reply(request, response, answer),
        (error: unknown) => {
          if (left.signal.aborted) return
          onTrouble(error)
          reply(request, response, problem(500, messageOf(error)))
        },
      )
    },
  )
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    return {
      message: `cannot listen on ${host}, port ${port}: ${messageOf(error)}. Choose another --port or --host`,
    }
  }
  const address = server.address()
  const bound = address !== null && typeof address === 'object' ? address.port : port
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return {
    url: `http://${name.includes(':') ? `[${name}]` : name}:${bound}/`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

interface Answering {
  readonly page: Answer
  readonly route: ReturnType<typeof explorerRoutes>
  readonly names: ServerNames
}

async function answerTo(
  request: IncomingMessage,
  { page, route, names }: Answering,
  signal: AbortSignal,
): Promise<Answer> {
  const { method = '', headers } = request
  const site = headers['sec-fetch-site']
  const refusal = refusalOf(
    {
      method,
      host: headers.host ?? null,
      origin: headers.origin ?? null,
      site: typeof site === 'string' ? site : null,
    },
    names,
  )
  if (refusal !== null) return problem(403, refusal)
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST')
    return problem(405, 'GET, HEAD and POST are answered')
  const target = request.url ?? ''
  if (target.length > mostUrl || !target.startsWith('/'))
    return problem(400, 'the address is too long, or none')
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  if (path === '/') return method === 'POST' ? problem(405, 'the page is got') : page
  if (!path.startsWith(`${api}/`)) return problem(404, 'there is no such page')
  return await route({
    method,
    path: path.slice(api.length),
    params: new URLSearchParams(query),
    request,
    signal,
  })
}

function reply(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return
  // A body that was not read to its end is not waited for.
  if (!request.complete) response.setHeader('connection', 'close')
  send(response, answer, request.method === 'HEAD')
}

/** The same for everybody: all that is shown in it is asked for. */
function pageOf(parts: PageParts, hasRun: boolean): Answer {
  const policy = policyOf(parts, ["connect-src 'self'", "frame-ancestors 'none'"]).replace(
    'img-src data:',
    "img-src 'self' data:",
  )
  return {
    kind: 'page',
    html: htmlDocument({ report: null, explorer: { api, hasRun } }, parts, null),
    policy,
  }
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))
}
