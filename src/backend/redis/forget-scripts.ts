import type { RedisClient } from './connection.js'
import type { CallScript } from './scripts.js'

/** Looked at in one call: the server answers nobody else meanwhile. */
const hostsAtOnce = 200
const keysAtOnce = 500

/** Takes away what is left of the state of a run that is marked as forgotten. */
export async function clearForgotten(
  redis: RedisClient,
  root: string,
  call: CallScript,
  run: string,
  onSlice: (removed: number) => void,
): Promise<void> {
  const no = await call('forgotten_number', [run])
  if (no === null) return
  for (;;) {
    const hosts = Number(await call('forget_hosts', [String(no), hostsAtOnce]))
    if (hosts === 0) break
    onSlice(hosts)
  }
  // A key is the run's by its letter and number (lua/parts/keys.lua). `r` says what it is of: it goes last.
  const isOfRun = new RegExp(`^[a-qs-z]${no}(?::|$)`)
  let cursor = '0'
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', `${root}[a-z]${no}*`, 'COUNT', keysAtOnce)
    const keys = found.filter((key) => isOfRun.test(key.slice(root.length)))
    if (keys.length > 0) await redis.unlink(...keys)
    onSlice(keys.length)
    cursor = next
  } while (cursor !== '0')
  await call('end_forgetting', [run, String(no)])
}
