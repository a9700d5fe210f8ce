import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ReplyError } from 'ioredis'
import type { CallJson } from '../json-methods.js'
import type { RedisClient } from './connection.js'

export type ScriptArgument = string | number | Buffer
/** Reply of a script: strings and whole numbers, in lists; null = nothing. */
export type ScriptReply = string | number | null | readonly ScriptReply[]
/** Calls a script, lua/<name>.lua, with its positions. */
export type CallScript = (name: string, args: readonly ScriptArgument[]) => Promise<ScriptReply>

const folder = join(dirname(createRequire(import.meta.url).resolve('#lua/offer.lua')))
/**
 * The marks of a script. `include`: parts that go before it. `reads`: it writes nothing. `begins`: it begins work, or adds it: a server at
 * maxmemory refuses it, so that nothing is fetched there whose commit it would refuse. All others end work or keep it, and pass.
 */
const includePattern = /^-- @include (.+)$/gm
const reads = '-- @reads\n'
const begins = '-- @begins\n'

/** The scripts' texts: each after the parts that it includes, and each part once. */
function readScripts(): ReadonlyMap<string, string> {
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
  const files = readdirSync(folder).filter((file) => file.endsWith('.lua'))
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(folder, file), 'utf8')
      const parts = new Set(['keys', 'base'])
      include(text, parts)
      if (!text.includes(reads)) parts.add(text.includes(begins) ? 'refused_when_full' : 'passes_when_full')
      return [file.slice(0, -'.lua'.length), `${[...parts].map(partOf).join('\n')}\n${text}`]
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

/** What the scripts keep as JSON without a look into it: a text to them, for their JSON knows no empty list and rounds numbers. */
const keptAsText = new Set(['options', 'model', 'body', 'record'])

/** Calls those of the scripts that are told one JSON text. */
export function callJsonOf(call: CallScript): CallJson {
  return async (name, argument) => {
    const text = JSON.stringify(argument, (key, value) =>
      keptAsText.has(key) ? JSON.stringify(value) : value,
    )
    const answer = await call(name, [text])
    return answer === null ? null : JSON.parse(String(answer))
  }
}
