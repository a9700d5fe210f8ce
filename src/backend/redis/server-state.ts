/** Memory of a server: what it uses, and its limit. */
export interface ServerMemory {
  readonly usedBytes: number
  /** maxmemory; null = the server has no limit. */
  readonly maxBytes: number | null
}

/** Why a server did not take a write up. */
export const refusals = ['full', 'read_only', 'loading', 'misconf'] as const
export type Refusal = (typeof refusals)[number]

/** How the server stands, as this process sees it. Only where it is `ok` anything new is begun. */
export type ServerState =
  | { readonly kind: 'ok' }
  /** At maxmemory it takes up nothing that grows. `memory` null = it does not say. */
  | { readonly kind: 'full'; readonly memory: ServerMemory | null }
  /** The server is a copy, as after a failover, or has too few copies of its own to take writes. */
  | { readonly kind: 'read_only' }
  /** The server reads its data from the disk. */
  | { readonly kind: 'loading' }
  /** The server cannot write to its disk. */
  | { readonly kind: 'misconf' }
  | { readonly kind: 'away' }
type ServerStateKind = ServerState['kind']
export const serverStateKinds = ['ok', ...refusals, 'away'] as const satisfies readonly ServerStateKind[]

/** Findings of one look at the server. */
export interface ServerLook {
  /** Its refusal of a write; null = it took the write up. */
  readonly refusal: Refusal | null
  /** null = it does not say. */
  readonly memory: ServerMemory | null
}

/** A server that was full has room again below this part of its maxmemory. */
const roomShare = 0.95

const refusalCodes: Readonly<Record<string, Refusal>> = {
  OOM: 'full',
  READONLY: 'read_only',
  MASTERDOWN: 'read_only',
  NOREPLICAS: 'read_only',
  /** Said to who waits on a server that becomes a copy. */
  UNBLOCKED: 'read_only',
  LOADING: 'loading',
  MISCONF: 'misconf',
}
/** The code begins the answer; within a script, Redis 6 says it behind the place of the call: `... @user_script: 12: -OOM command ...`. */
const refusalPattern = new RegExp(`(?:^|: -)(${Object.keys(refusalCodes).join('|')}) `)

/** Whether an error says that the server takes no writes, and why; null = it says something else. Pure. */
export function refusalOf(message: string): Refusal | null {
  const code = refusalPattern.exec(message)?.[1]
  return code === undefined ? null : (refusalCodes[code] ?? null)
}

/** INFO as names and values. Pure. */
export function infoOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)]] : []
    }),
  )
}

/** As the server reckons it against maxmemory: the buffers of its log and of its copies do not count. Pure. */
export function memoryOf(info: Readonly<Record<string, string>>): ServerMemory | null {
  const used = Number(info.used_memory)
  const max = Number(info.maxmemory)
  if (!Number.isFinite(used) || !Number.isFinite(max)) return null
  const notCounted = Number(info.mem_not_counted_for_evict ?? 0)
  return { usedBytes: Math.max(used - notCounted, 0), maxBytes: max === 0 ? null : max }
}

/** State after a look; null = the server did not answer. Pure. */
export function stateAfter(before: ServerState, look: ServerLook | null): ServerState {
  if (look === null) {
    // A server that refused writes when it was last heard is dialled anew, and is not away for that.
    return before.kind === 'ok' || before.kind === 'full' ? { kind: 'away' } : before
  }
  const { refusal, memory } = look
  if (refusal !== null && refusal !== 'full') return { kind: refusal }
  return refusal === 'full' || isFull(memory, before.kind === 'full')
    ? { kind: 'full', memory }
    : { kind: 'ok' }
}

/** `wasFull`: it must have some room then, or work would begin and end with every batch. Pure. */
export function isFull(memory: ServerMemory | null, wasFull: boolean): boolean {
  if (memory === null || memory.maxBytes === null) return false
  return memory.usedBytes >= memory.maxBytes * (wasFull ? roomShare : 1)
}

/** Meaning of the state, and what to do, for people. Pure. */
export function stateText(state: ServerState): string {
  switch (state.kind) {
    case 'ok':
      return 'the server takes writes again'
    case 'full':
      return `the server is full${memoryText(state.memory)}: it takes up nothing that grows, so nothing new is begun. Raise its limit: redis-cli CONFIG SET maxmemory BYTES, and the same in redis.conf`
    case 'read_only':
      return 'the server takes no writes: it is a copy, as after a failover, or has too few copies of its own (READONLY, MASTERDOWN, NOREPLICAS); it is dialled anew'
    case 'loading':
      return 'the server is loading its data; that passes'
    case 'misconf':
      return 'the server takes no writes because it cannot write to its disk (MISCONF): is the disk full? Its log says why'
    case 'away':
      return 'the server does not answer'
  }
}

const memoryText = (memory: ServerMemory | null): string =>
  memory === null || memory.maxBytes === null
    ? ''
    : ` (${mebibytes(memory.usedBytes)} of maxmemory ${mebibytes(memory.maxBytes)} used)`
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
