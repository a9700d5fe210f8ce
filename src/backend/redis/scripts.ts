import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ReplyError } from 'ioredis'
import type { RedisClient } from './connection.js'

export type ScriptArgument = string | number | Buffer
/** Reply of a script: strings and whole numbers, in lists; null = nothing. */
export type ScriptReply = string | number | null | readonly ScriptReply[]
export type CallScript = (name: ScriptName, args: readonly ScriptArgument[]) => Promise<ScriptReply>

const scriptNames = [
  'add_elapsed',
  'add_found',
  'adopt_model',
  'adopt_page_files',
  'adopt_plan',
  'allot_plan',
  'beat',
  'caption_counts',
  'claim_duty',
  'close_batches',
  'commit_batch',
  'commit_page_file',
  'commit_plan',
  'commit_session',
  'commit_source',
  'counters',
  'created',
  'drop_duty',
  'drop_robots_claim',
  'end_forgetting',
  'end_run',
  'extend_batch',
  'extend_plan',
  'find_duplicates',
  'forget_hosts',
  'forgotten_number',
  'hosts',
  'lease_batch',
  'lease_host',
  'lease_page_file',
  'lease_plan',
  'live_parts',
  'mark_forgotten',
  'offer',

  'open_batches',
  'open_page_files',
  'open_plans',
  'open_run',
  'open_sources',
  'progress',
  'put_robots',
  'release_batch',
  'release_host',
  'release_page_file',
  'release_plan',
  'remove_worker',
  'report_hosts',
  'reserve',
  'reset_leases',
  'robots_of',
  'runs',
  'set_limits',
  'set_options',
  'set_standing',
  'sources',
  'unplanned_parts',
  'waiting_hosts',
  'workers',
] as const
export type ScriptName = (typeof scriptNames)[number]

/** Scripts that write nothing. */
const reading: ReadonlySet<ScriptName> = new Set([
  'caption_counts',
  'counters',
  'created',
  'find_duplicates',
  'forgotten_number',
  'hosts',
  'live_parts',
  'open_batches',
  'open_plans',
  'progress',
  'runs',
  'sources',
  'unplanned_parts',
  'workers',
])
/**
 * Scripts that begin work, or add it: a server at maxmemory refuses them, so that nothing is fetched there whose commit it would refuse. All
 * others end work or keep it, and pass.
 */
const beginning: ReadonlySet<ScriptName> = new Set([
  'allot_plan',
  'close_batches',
  'commit_source',
  'lease_batch',
  'lease_host',
  'lease_page_file',
  'lease_plan',
  'offer',
  'open_run',
  'open_sources',
  'set_options',
])

const folder = join(dirname(createRequire(import.meta.url).resolve('#lua/offer.lua')))
const includePattern = /^-- @include (.+)$/gm

/** The scripts' texts: each after the parts that it includes, and each part once. */
function readScripts(): ReadonlyMap<ScriptName, string> {
  const partTexts = new Map<string, string>()
  const partOf = (name: string): string => {
    const text = partTexts.get(name) ?? readFileSync(join(folder, 'parts', `${name}.lua`), 'utf8')
    partTexts.set(name, text)
    return text
  }
  const include = (text: string, into: Set<string>): void => {
    for (const [, names = ''] of text.matchAll(includePattern)) {
      for (const name of names.split(' ')) {
        if (into.has(name)) continue
        include(partOf(name), into)
        into.add(name)
      }
    }
  }
  return new Map(
    scriptNames.map((name) => {
      const text = readFileSync(join(folder, `${name}.lua`), 'utf8')
      const parts = new Set(['keys', 'base'])
      include(text, parts)
      if (!reading.has(name)) parts.add(beginning.has(name) ? 'refused_when_full' : 'passes_when_full')
      return [name, `${[...parts].map(partOf).join('\n')}\n${text}`]
    }),
  )
}

/** Calls the scripts by their digest; a server that does not know one, such as one that was started anew, is told its text. */
export function callScripts(redis: RedisClient, root: string): CallScript {
  const scripts = new Map(
    [...readScripts()].map(([name, text]) => [
      name,
      { text, digest: createHash('sha1').update(text).digest('hex') },
    ]),
  )
  return async (name, args) => {
    const script = scripts.get(name)
    if (script === undefined) throw new Error(`there is no script ${name}`)
    try {
      return (await redis.evalsha(script.digest, 1, root, ...args)) as ScriptReply
    } catch (error) {
      if (!(error instanceof ReplyError) || !String(error).includes('NOSCRIPT')) throw error
      return (await redis.eval(script.text, 1, root, ...args)) as ScriptReply
    }
  }
}
