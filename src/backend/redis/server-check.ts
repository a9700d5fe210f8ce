import { ReplyError } from 'ioredis'
import type { RedisClient } from './connection.js'
import { dataModel, modelKeyOf, rootOf } from './keys.js'
import { infoOf } from './server-state.js'

/** Faults of a server, for people: each says what is set, what should be, and how to set it. */
export interface ServerCheck {
  /** Faults with which it must not be used. */
  readonly problems: readonly string[]
  /** Faults with which it can be used, each with its cost. */
  readonly warnings: readonly string[]
}

/** Facts that the server tells of itself. null = it does not say, or does not let us ask. */
export interface ServerFacts {
  readonly info: Readonly<Record<string, string>> | null
  readonly maxIntsetEntries: number | null
  /** The data model that the prefix holds. */
  readonly model: string | null
}

/** Sets of known URLs are split at 400 on the average; the server's own default is 512. */
const intsetEntries = 512
const oldest = [6, 2] as const

/** Why this is no server that could hold a fleet, whatever is set on it; to be asked before anything else is. Pure. */
export function judgeKind(info: Readonly<Record<string, string>>): string | null {
  if (info.redis_mode === 'sentinel') {
    return 'that is a Sentinel, which only knows where the server is; name the server itself: redis-cli -p PORT SENTINEL get-master-addr-by-name NAME'
  }
  if (info.cluster_enabled === '1') {
    return 'the server is a node of a cluster; pairmill speaks to a single server (cluster-enabled no)'
  }
  if (info.role === 'slave') {
    return `the server is a read-only copy; name its master, ${info.master_host}:${info.master_port}`
  }
  const version = info.redis_version ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (
    info.valkey_version === undefined &&
    (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
  ) {
    return `the server is Redis ${version || 'of an unknown version'}; pairmill needs Redis ${oldest.join('.')} or newer, or Valkey`
  }
  return null
}

/** Pure. */
export function judgeServer({ info, maxIntsetEntries, model }: ServerFacts): ServerCheck {
  const { problems, warnings } = info === null ? unknownServer : judgeInfo(info)
  return {
    problems: [
      ...problems,
      ...(model !== null && model !== dataModel
        ? [
            `the prefix holds runs of another version of pairmill (data model ${model}, this one knows ${dataModel}); use that version, or another prefix: ?prefix=NAME`,
          ]
        : []),
    ],
    warnings: [
      ...warnings,
      ...(maxIntsetEntries !== null && maxIntsetEntries < intsetEntries
        ? [
            `set-max-intset-entries is ${maxIntsetEntries}: known URLs would take up to seven times the memory; it should be ${intsetEntries}: redis-cli CONFIG SET set-max-intset-entries ${intsetEntries}, and the same in redis.conf`,
          ]
        : []),
    ],
  }
}

const unknownServer: ServerCheck = {
  problems: [],
  warnings: [
    'the user may not ask INFO, so nobody sees whether maxmemory-policy is noeviction, whether there is a log of writes, and how full the server is; notifications may come up to a second late. To allow it: ACL SETUSER NAME +info',
  ],
}

function judgeInfo(info: Readonly<Record<string, string>>): ServerCheck {
  const problems: string[] = []
  const warnings: string[] = []
  const kind = judgeKind(info)
  if (kind !== null) problems.push(kind)
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
  return { problems, warnings }
}

/** Marks the prefix as holding this data model. By a script that begins with a deletion, which a full server lets through. */
const markScript = "redis.call('DEL', KEYS[2]) return redis.call('SET', KEYS[1], ARGV[1], 'NX')"

/** Asks the server how it stands, and marks the prefix as holding this data model where nothing stops it. */
export async function checkServer(
  redis: RedisClient,
  { prefix }: { readonly prefix: string },
): Promise<ServerCheck> {
  const info = await infoFrom(redis)
  const kind = info === null ? null : judgeKind(info)
  // Such a server answers the other questions with errors of its own.
  if (kind !== null) return { problems: [kind], warnings: [] }
  if (info?.loading === '1') throw new Error('LOADING the server is loading its data')
  const model = await redis.get(modelKeyOf(prefix))
  const check = judgeServer({ info, maxIntsetEntries: await intsetEntriesOf(redis), model })
  // A server that may be asked and runs no scripts is of no use.
  await redis.eval('return 1', 1, rootOf(prefix))
  if (check.problems.length === 0 && model === null) {
    await redis.eval(markScript, 2, modelKeyOf(prefix), rootOf(prefix), dataModel)
  }
  return check
}

/** null = the user may not ask. */
export async function infoFrom(redis: RedisClient): Promise<Readonly<Record<string, string>> | null> {
  try {
    return infoOf(await redis.info())
  } catch (error) {
    if (error instanceof ReplyError && String(error).includes('NOPERM')) return null
    throw error
  }
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
