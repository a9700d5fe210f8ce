export { addressVerdict, type Cidr, parseCidr } from './address.js'
export { ChunkReader } from './chunks.js'
export { ChainCookies } from './cookies.js'
export { type Dial, DialError } from './dial.js'
export { codingsOf, decoded } from './encoding.js'
export { createNet, type Net, type NetOptions } from './fetch.js'
export { headEnd } from './head-end.js'
export { type OnAbort, sharedOnAbort } from './on-abort.js'
export {
  type Fetch,
  type FetchFailed,
  type FetchFailure,
  type FetchOutcome,
  type FetchRequest,
  failed,
  fetchFailures,
  type ResponseHead,
} from './outcome.js'
export { registrableDomain } from './registrable-domain.js'
export type { Address, Resolve } from './resolve.js'
export { headersOf, isChunked, readHead } from './response-head.js'
export { maxRetries, retryAfterMs, retryOf } from './retry.js'
