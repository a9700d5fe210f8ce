import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { messageOf } from '../../records/index.js'
import { DatasetUnusable } from '../catalog.js'
import type { FeedSample } from '../sample.js'
import { type FeedState, readState } from '../state.js'
import { Recent } from './recent.js'
import { Served, type ServedDeps, type ServedSource, WishUnmet } from './served.js'
import { sendTar, type TarDeps } from './tar-stream.js'
import { Unsent } from './unsent.js'
import { visitorProblem } from './visitor.js'
import { askedBy, type StateWish, type TarWish } from './wish.js'

export interface ServeDeps extends Omit<ServedDeps, 'sources'> {
  /** Datasets, or a folder of that name in each. Throws DatasetUnusable. */
  readonly openSplit: (split: string | null, signal: AbortSignal) => Promise<readonly ServedSource[]>
  /** Tars that are sent at the same time. */
  readonly maxStreams: number
  /** Told of what went wrong, for people. */
  readonly onNote: (message: string) => void
}

/** What is being sent, and was. */
export interface ServeCounts {
  readonly streams: number
  readonly samples: number
  readonly bytes: number
  /** Of the stream that sent last; null = none has. */
  readonly state: FeedState | null
}

const splitsKept = 8
const maxStateBytes = 10_000

/** Answers requests, and knows what their connections hold. */
export class Desk {
  readonly #deps: ServeDeps
  readonly #kernelBytes: number
  readonly #ending = new AbortController()
  readonly #splits = new Recent<Served>(splitsKept)
  readonly #connections = new Map<Socket, { unsent: Unsent; served: Served | null }>()
  #streams = 0
  #samples = 0
  #bytes = 0
  #state: FeedState | null = null
  #lastNote: string | null = null

  constructor(deps: ServeDeps, kernelBytes: number) {
    this.#deps = deps
    this.#kernelBytes = kernelBytes
  }

  counts(): ServeCounts {
    return { streams: this.#streams, samples: this.#samples, bytes: this.#bytes, state: this.#state }
  }

  greet(socket: Socket): void {
    this.#connections.set(socket, { unsent: new Unsent(this.#kernelBytes), served: null })
    socket.once('close', () => this.#connections.delete(socket))
  }

  end(): void {
    this.#ending.abort(new Error('the server ends'))
  }

  #served(split: string | null): Promise<Served> {
    const { signal } = this.#ending
    return this.#splits.get(split ?? '', async () => {
      const sources = await this.#deps.openSplit(split, signal)
      return await Served.open({ ...this.#deps, sources }, signal)
    })
  }

  /** Breaks connections that hold something that was taken back: by a reset, after which the kernel sends nothing of it. */
  async look(): Promise<void> {
    for (const served of new Set([...this.#connections.values()].map((one) => one.served))) {
      if (served === null) continue
      try {
        await served.takenBack.look(this.#ending.signal)
      } catch (error) {
        this.#note(`cannot look for what was taken back: ${messageOf(error)}`)
        continue
      }
      for (const [socket, connection] of this.#connections) {
        const { unsent } = connection
        if (connection.served !== served || !unsent.some((id) => served.takenBack.has(id))) continue
        this.#note('connections that held a pair that was taken back are broken off')
        socket.resetAndDestroy()
      }
    }
  }

  async keep(): Promise<void> {
    try {
      await this.#deps.positions.write()
    } catch (error) {
      this.#note(`how far the readers came cannot be kept: ${messageOf(error)}`)
    }
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const gone = new AbortController()
    response.once('close', () => gone.abort(new Error('the client has gone')))
    const signal = AbortSignal.any([gone.signal, this.#ending.signal])
    this.#answer(request, response, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#fail(response, error)
      else response.destroy()
    })
  }

  #fail(response: ServerResponse, error: unknown): void {
    const message = messageOf(error)
    if (response.headersSent) {
      this.#note(`a tar was broken off: ${message}`)
      response.destroy()
    } else if (error instanceof WishUnmet || error instanceof DatasetUnusable) {
      say(response, 400, message)
    } else {
      this.#note(message)
      say(response, 500, message)
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { method = 'GET', url = '/' } = request
    const refusal = visitorProblem(request.headers)
    const asked = refusal ?? askedBy(method, url)
    switch (asked.kind) {
      case 'refused':
        return say(response, asked.status, asked.message)
      case 'start':
        return say(
          response,
          200,
          `${await this.samples()} pairs. An epoch in 4 parts: /epoch/0/{00000..00003}-of-00004.tar`,
        )
      case 'state':
        return await this.#position(request, response, asked.wish)
      case 'tar':
        return await this.#tar(request, response, asked.wish, signal)
    }
  }

  /** Of the first epoch, where nothing else is asked for. */
  async samples(): Promise<number> {
    const order = { seed: '0', split: null, where: null }
    return (await (await this.#served(null)).epoch(order, 0, null)).samples
  }

  async #position(
    request: IncomingMessage,
    response: ServerResponse,
    { order, rank, world }: StateWish,
  ): Promise<void> {
    const { positions } = this.#deps
    const name = (await this.#served(order.split)).nameOfOrder(order)
    if (request.method === 'PUT') {
      const state = readState(await bodyOf(request))
      if ('problem' in state) return say(response, 400, state.problem)
      if (state.seed !== order.seed)
        return say(response, 400, `the state has the seed '${state.seed}': ask /state?seed=${state.seed}`)
      await positions.acknowledge(name, rank, world, state)
    }
    const state = await positions.state(name, rank, world)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(`${JSON.stringify(state)}\n`)
  }

  async #tar(
    request: IncomingMessage,
    response: ServerResponse,
    wish: TarWish,
    signal: AbortSignal,
  ): Promise<void> {
    const { positions, maxStreams } = this.#deps
    if (this.#streams >= maxStreams) {
      response.setHeader('retry-after', '1')
      return say(response, 503, `${maxStreams} tars are being sent: more are not at a time`)
    }
    this.#streams++
    try {
      const { rank, world } = wish.reader
      const served = await this.#served(wish.order.split)
      const name = served.nameOfOrder(wish.order)
      const isHead = request.method === 'HEAD'
      // Who only looks moves nothing.
      const next = () => (isHead ? positions.state(name, rank, world) : positions.next(name, rank, world))
      const from = wish.epoch === 'next' ? await next() : wish.from
      const number = wish.epoch === 'next' ? (from?.epoch ?? 0) : wish.epoch
      const epoch = await served.epoch(wish.order, number, from)
      const headers = { 'content-type': 'application/x-tar', 'pairmill-samples': epoch.samples }
      if (isHead) {
        response.writeHead(200, headers).end()
        return
      }
      const reader = served.reader(epoch, { ...wish, from }, number, this.#streams)
      const samples = await begun(reader.samples(signal))
      response.writeHead(200, headers)
      response.flushHeaders()
      const keep = async () => {
        if (wish.epoch === 'next') await positions.sent(name, rank, world, reader.state())
      }
      await sendTar(response, samples, this.#tarDeps(request.socket, served, reader, wish, keep), signal)
      await keep()
    } finally {
      this.#streams--
    }
  }

  #tarDeps(
    socket: Socket,
    served: Served,
    reader: { state(): FeedState; readonly step: number },
    { withState }: TarWish,
    keep: () => Promise<void>,
  ): TarDeps {
    const unsent = new Unsent(this.#kernelBytes)
    this.#connections.set(socket, { unsent, served })
    return {
      takenBack: served.takenBack,
      unsent,
      idOf: (sample: FeedSample) => served.idOf(sample),
      nameOf: (sample: FeedSample) => served.nameOf(sample, reader.state()),
      stateOf: () => (withState ? JSON.stringify({ ...reader.state(), step: reader.step }) : null),
      onSent: (bytes: number) => {
        this.#samples++
        this.#bytes += bytes
        this.#state = reader.state()
        void keep()
      },
    }
  }

  /** What goes wrong a thousand times in the same way is said once. */
  #note(message: string): void {
    if (message === this.#lastNote) return
    this.#lastNote = message
    this.#deps.onNote(message)
  }
}

/** Its first sample is read: what fails before it can be told in words. */
async function begun<T>(samples: AsyncGenerator<T>): Promise<AsyncIterable<T>> {
  const first = await samples.next()
  return (async function* () {
    if (first.done === true) return
    yield first.value
    yield* samples
  })()
}

/** A text for people. */
function say(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${message}\n`)
}

/** Throws WishUnmet where it is longer than a state. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxStateBytes) throw new WishUnmet('the state is longer than any')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
