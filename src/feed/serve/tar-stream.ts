import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FeedSample } from '../sample.js'
import { sampleBytes, tarEnd } from './sample-tar.js'
import type { SampleId, TakenBack } from './taken-back.js'
import type { Unsent } from './unsent.js'

export interface TarDeps {
  readonly takenBack: TakenBack
  readonly unsent: Unsent
  readonly idOf: (sample: FeedSample) => SampleId
  /** Of the sample that the reader gave last. */
  readonly nameOf: (sample: FeedSample) => string
  /** State after it, as its member; null = it is to have none. */
  readonly stateOf: () => string | null
  /** A sample was given to the connection. */
  readonly onSent: (bytes: number) => void
}

/**
 * Sends samples as a tar, no faster than the client takes them. Whether one was taken back is asked when the connection can take it, which may be long
 * after it was read. An error leaves the tar without its end; the caller breaks the connection.
 */
export async function sendTar(
  response: ServerResponse,
  samples: AsyncIterable<FeedSample>,
  deps: TarDeps,
  signal: AbortSignal,
): Promise<void> {
  const { takenBack, unsent } = deps
  for await (const sample of samples) {
    const bytes = sampleBytes(deps.nameOf(sample), sample, deps.stateOf())
    if (response.writableNeedDrain) await once(response, 'drain', { signal })
    await takenBack.fresh(signal)
    signal.throwIfAborted()
    const id = deps.idOf(sample)
    if (takenBack.has(id)) continue
    unsent.add(id, bytes.length)
    response.write(bytes, (error) => {
      // Where the connection broke, its close says so.
      if (error === undefined || error === null) unsent.flushed(bytes.length)
    })
    deps.onSent(bytes.length)
  }
  if (response.writableNeedDrain) await once(response, 'drain', { signal })
  response.end(tarEnd)
  await once(response, 'finish', { signal })
}
