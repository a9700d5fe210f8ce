import type { Fetch, FetchRequest } from '../../net/index.js'
import { hostOf } from '../../records/index.js'
import { type HostEvent, hostEventOf } from './host-event.js'

/** The fetch, with what it says of its host told to `onEvent` before its caller learns of it. */
export function observedFetch(
  fetch: Fetch,
  now: () => number,
  onEvent: (host: string, event: HostEvent) => void,
): Fetch {
  return async (request, signal) => {
    const startedAt = now()
    let headAt: number | null = null
    const onHead: FetchRequest['onHead'] = (head) => {
      headAt = now()
      return request.onHead?.(head) ?? 'read'
    }
    const outcome = await fetch({ ...request, onHead }, signal)
    const event = hostEventOf(outcome, startedAt, headAt ?? now())
    if (event !== null) onEvent(hostOf(request.url), event)
    return outcome
  }
}
