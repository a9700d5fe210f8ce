import { describe, expect, it } from 'vitest'
import { ServerMonitor } from '../../../../src/backend/redis/server-monitor.js'
import {
  memoryOf,
  refusalOf,
  type ServerLook,
  type ServerState,
  stateAfter,
} from '../../../../src/backend/redis/server-state.js'

describe('an answer that refuses a write', () => {
  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", 'full'],
    ["OOM command not allowed when used memory > 'maxmemory'. script: 4356b6, on @user_script:278.", 'full'],
    [
      "ERR Error running script (call to f_43): @user_script:12: @user_script: 12: -OOM command not allowed when used memory > 'maxmemory'.",
      'full',
    ],
    ["READONLY You can't write against a read only replica.", 'read_only'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'read_only'],
    ['NOREPLICAS Not enough good replicas to write.', 'read_only'],
    [
      'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
      'read_only',
    ],
    ['LOADING Redis is loading the dataset in memory', 'loading'],
    ['MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist', 'misconf'],
    ['ERR the session of OOM names 1 of 2 leased URLs', null],
    ['NOPERM this user has no permissions', null],
    ['connect ECONNREFUSED 127.0.0.1:1', null],
  ])('%s: %s', (message, refusal) => {
    expect(refusalOf(message)).toBe(refusal)
  })
})

describe('the state of a server', () => {
  const ok: ServerState = { kind: 'ok' }
  const memory = (usedBytes: number) => ({ usedBytes, maxBytes: 100 })
  const full: ServerState = { kind: 'full', memory: memory(100) }
  const taken = (usedBytes: number): ServerLook => ({ refusal: null, memory: memory(usedBytes) })

  it('is full at its limit, and has room again well below it', () => {
    expect(stateAfter(ok, taken(99))).toEqual(ok)
    expect(stateAfter(ok, taken(100))).toEqual(full)
    expect(stateAfter(full, taken(95))).toEqual({ kind: 'full', memory: memory(95) })
    expect(stateAfter(full, taken(94))).toEqual(ok)
  })

  it('is what it answers, whatever it says of its memory or does not say', () => {
    expect(stateAfter(ok, { refusal: 'full', memory: null })).toEqual({ kind: 'full', memory: null })
    expect(stateAfter(full, { refusal: null, memory: null })).toEqual(ok)
    expect(stateAfter(full, { refusal: 'read_only', memory: memory(100) })).toEqual({ kind: 'read_only' })
    expect(stateAfter({ kind: 'misconf' }, taken(1))).toEqual(ok)
  })

  it('is away without an answer, but where it refused writes when it was last heard', () => {
    expect(stateAfter(ok, null)).toEqual({ kind: 'away' })
    expect(stateAfter(full, null)).toEqual({ kind: 'away' })
    expect(stateAfter({ kind: 'read_only' }, null)).toEqual({ kind: 'read_only' })
    expect(stateAfter({ kind: 'away' }, taken(1))).toEqual(ok)
  })

  it('counts memory as the server does: without buffers of its log; no limit is none', () => {
    expect(memoryOf({ used_memory: '120', mem_not_counted_for_evict: '20', maxmemory: '100' })).toEqual(
      memory(100),
    )
    expect(memoryOf({ used_memory: '120', maxmemory: '0' })).toEqual({ usedBytes: 120, maxBytes: null })
    expect(memoryOf({})).toBeNull()
  })
})

describe('a process watches its server', () => {
  function watched() {
    const now = { look: { refusal: null, memory: null } as ServerLook | null }
    const monitor = new ServerMonitor(async () => now.look)
    const told: string[] = []
    monitor.onChange(({ state, text }) => told.push(`${state.kind}: ${text}`))
    return { now, monitor, told }
  }

  it('and says once that it is full, with how full, and once that it has room', async () => {
    const { now, monitor, told } = watched()
    now.look = { refusal: 'full', memory: { usedBytes: 6 * 2 ** 20, maxBytes: 6 * 2 ** 20 } }
    const { resting } = monitor
    for (let i = 0; i < 20; i++) monitor.met('OOM command not allowed')
    expect([monitor.takesWork, resting.aborted]).toEqual([false, true])
    for (let i = 0; i < 3; i++) await monitor.look()
    expect(told).toEqual([
      expect.stringMatching(/^full: .*6\.0 MiB of maxmemory 6\.0 MiB.*CONFIG SET maxmemory/),
    ])
    now.look = { refusal: null, memory: { usedBytes: 6 * 2 ** 20, maxBytes: 500 * 2 ** 20 } }
    for (let i = 0; i < 3; i++) await monitor.look()
    expect(told.slice(1)).toEqual([expect.stringMatching(/^ok: /)])
    expect([monitor.takesWork, monitor.resting.aborted]).toEqual([true, false])
  })

  it('and says nothing of a late answer of a server that another one has replaced', async () => {
    const { now, monitor, told } = watched()
    monitor.met('READONLY You cannot')
    expect(monitor.takesWork).toBe(false)
    await monitor.look()
    expect([monitor.takesWork, told]).toEqual([true, []])
    now.look = null
    monitor.met('READONLY You cannot')
    await monitor.look()
    expect([monitor.takesWork, told]).toEqual([false, [expect.stringMatching(/^read_only: /)]])
  })

  it('and waits longer before each dialling of one that takes no writes, until it takes one', async () => {
    const { monitor } = watched()
    expect(monitor.redialMs()).toBe(0)
    monitor.met('READONLY You cannot')
    const waits = Array.from({ length: 9 }, () => monitor.redialMs())
    expect(waits.slice(0, 3)).toEqual([100, 200, 400])
    expect(waits.at(-1)).toBe(5_000)
    await monitor.look()
    expect(monitor.redialMs()).toBe(0)
  })

  it('and takes no other failure for a state of it', () => {
    const { monitor, told } = watched()
    expect(monitor.met('there is no run x')).toBeNull()
    expect([monitor.state.kind, told]).toEqual(['ok', []])
  })
})
