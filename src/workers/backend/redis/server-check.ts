import { ReplyError } from 'ioredis'
import type { RedisClient } from './connection.js'
import { dataModel, modelKeyOf } from './keys.js'

/** What is wrong with a server, for people: each says what is set, what should be, and how to set it. */
export interface ServerCheck {
  /** It must not be used so. */
  readonly problems: readonly string[]
  /** It can be used, and this is what it costs. */
  readonly warnings: readonly string[]
}

/** What the server says of itself. null = it does not say, or does not let us ask. */
export interface ServerFacts {
  readonly info: Readonly<Record<string, string>>
  readonly maxIntsetEntries: number | null
  /** The data model that the prefix holds. */
  readonly model: string | null
}

/** Sets of known URLs are split at 400 on the average; the server's own default is 512. */
const intsetEntries = 512
const oldest = [6, 2] as const

/** Pure. */
export function judgeServer({ info, maxIntsetEntries, model }: ServerFacts): ServerCheck {
  const problems: string[] = []
  const warnings: string[] = []
  const version = info.redis_version ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (
    info.valkey_version === undefined &&
    (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
  ) {
    problems.push(
      `the server is Redis ${version || 'of an unknown version'}; pairmill needs Redis ${oldest.join('.')} or newer, or Valkey`,
    )
  }
  if (info.cluster_enabled === '1') {
    problems.push(
      'the server is a node of a cluster; pairmill speaks to a single server (cluster-enabled no)',
    )
  }
  if (info.role === 'slave') {
    problems.push(`the server is a read-only copy; name its master, ${info.master_host}:${info.master_port}`)
  }
  const policy = info.maxmemory_policy ?? 'noeviction'
  if (policy !== 'noeviction') {
    const remedy = `it must be noeviction: redis-cli CONFIG SET maxmemory-policy noeviction, and the same in redis.conf`
    if (info.maxmemory === '0') {
      warnings.push(
        `maxmemory-policy is ${policy}: as soon as maxmemory is set, state would be thrown away; ${remedy}`,
      )
    } else {
      problems.push(
        `maxmemory-policy is ${policy}: at ${info.maxmemory} bytes the server would throw state away; ${remedy}`,
      )
    }
  }
  if (info.aof_enabled !== '1') {
    warnings.push(
      'appendonly is no: when the server dies, all URLs, leases, batches and claims since its last snapshot are lost; turn the log of writes on: redis-cli CONFIG SET appendonly yes, and the same in redis.conf',
    )
  } else if (info.aof_last_write_status === 'err') {
    problems.push("the server's last write to its log failed, and it takes no more: is its disk full?")
  }
  if (maxIntsetEntries !== null && maxIntsetEntries < intsetEntries) {
    warnings.push(
      `set-max-intset-entries is ${maxIntsetEntries}: known URLs would take up to seven times the memory; it should be ${intsetEntries}: redis-cli CONFIG SET set-max-intset-entries ${intsetEntries}, and the same in redis.conf`,
    )
  }
  if (model !== null && model !== dataModel) {
    problems.push(
      `the prefix holds runs of another version of pairmill (data model ${model}, this one knows ${dataModel}); use that version, or another prefix: ?prefix=NAME`,
    )
  }
  return { problems, warnings }
}

/** Asks the server how it stands, and marks the prefix as holding this data model where nothing stops it. */
export async function checkServer(
  redis: RedisClient,
  { prefix }: { readonly prefix: string },
): Promise<ServerCheck> {
  const lines = (await redis.info()).split('\r\n')
  const info = Object.fromEntries(
    lines.flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)]] : []
    }),
  )
  const check = judgeServer({
    info,
    maxIntsetEntries: await intsetEntriesOf(redis),
    model: await redis.get(modelKeyOf(prefix)),
  })
  if (check.problems.length === 0) await redis.set(modelKeyOf(prefix), dataModel, 'NX')
  return check
}

/** Hosted servers do not let everyone ask. */
async function intsetEntriesOf(redis: RedisClient): Promise<number | null> {
  try {
    const [, value] = (await redis.config('GET', 'set-max-intset-entries')) as string[]
    return value === undefined ? null : Number(value)
  } catch (error) {
    if (error instanceof ReplyError) return null
    throw error
  }
}
