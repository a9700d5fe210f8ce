import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { systemSurroundings } from '../../../src/lock/index.js'
import { readLockFile, succeed } from '../../../src/lock/lock-file.js'
import { lifeOf, nameOf, ownIdentity } from '../../../src/lock/owner.js'
import {
  fakeSurroundings,
  gone,
  held,
  holderIn,
  living,
  newLock,
  since,
  stranger,
  take,
  writeLock,
} from '../../fixtures/lock/lock-fixture.js'

const hasProc = ownIdentity().pidNamespace !== null

describe('a lock', () => {
  it('says who holds it, and goes with its release', async () => {
    const { folder, path } = newLock()
    const lock = await held(path)
    expect(holderIn(path)).toMatchObject({ pid: process.pid, host: hostname(), since })
    expect(readdirSync(folder)).toEqual(['lock'])
    await lock.release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is refused at once while its holder lives, even to that process', async () => {
    const { folder, path } = newLock()
    await held(path)
    const { lock, watched } = await take(path)
    expect(lock).toMatchObject({ kind: 'taken', owner: { pid: process.pid } })
    expect(watched).toHaveLength(hasProc ? 0 : 1)
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it.runIf(hasProc)(
    'is taken over at once from a process of this boot and namespace that is gone',
    async () => {
      const { folder, path } = newLock()
      writeLock(path, gone(), randomUUID())
      const { lock, watched } = await take(path)
      expect(lock.kind).toBe('held')
      expect(watched).toEqual([])
      expect(readdirSync(folder)).toEqual(['lock'])
      expect(holderIn(path)).toMatchObject({ ...living(), since })
    },
  )

  it('takes away what those who were killed left beside it, and nothing else', async () => {
    const { folder, path } = newLock()
    const left = [`lock.${randomUUID()}`, `lock.new.${randomUUID()}`]
    const others = ['lock.md', 'lock.2026', 'locks', `clock.${randomUUID()}`]
    for (const name of [...left, ...others]) writeFileSync(join(folder, name), '')
    await held(path)
    expect(readdirSync(folder).sort()).toEqual([...others, 'lock'].sort())
  })
})

describe('a lock of another machine, boot or namespace', () => {
  it('is taken over when it stayed as it was for 15 s, and not before', async () => {
    const { path } = newLock()
    writeLock(path, stranger, randomUUID())
    let last = 0
    const surroundings = fakeSurroundings((sleeps) => {
      last = sleeps
      expect(holderIn(path).host).toBe('other-machine')
    })
    const { lock, watched } = await take(path, surroundings)
    expect(lock.kind).toBe('held')
    expect(watched).toEqual([stranger])
    expect(last * surroundings.lookEveryMs).toBe(15_000)
    expect(holderIn(path).pid).toBe(process.pid)
  })

  it.each([1, 29])('is refused when it changed by look %i', async (change) => {
    const { folder, path } = newLock()
    const token = randomUUID()
    writeLock(path, stranger, token)
    const { lock } = await take(
      path,
      fakeSurroundings((sleeps) => {
        if (sleeps === change) writeLock(path, stranger, token, 1)
      }),
    )
    expect(lock).toEqual({ kind: 'taken', owner: stranger })
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it('is refused with the name of who took it meanwhile', async () => {
    const { path } = newLock()
    writeLock(path, stranger, randomUUID())
    const next = { ...stranger, pid: 8 }
    const { lock, watched } = await take(
      path,
      fakeSurroundings((sleeps) => {
        if (sleeps === 3) writeLock(path, next, randomUUID())
      }),
    )
    expect(lock).toEqual({ kind: 'taken', owner: next })
    expect(watched).toEqual([stranger])
  })

  it('is taken as soon as it is let go of', async () => {
    const { path } = newLock()
    writeLock(path, stranger, randomUUID())
    let looks = 0
    const { lock } = await take(
      path,
      fakeSurroundings((sleeps) => {
        looks = sleeps
        rmSync(path, { force: true })
      }),
    )
    expect(lock.kind).toBe('held')
    expect(looks).toBe(1)
  })

  it('is left alone by one who is stopped while it watches', async () => {
    const { folder, path } = newLock()
    writeLock(path, stranger, randomUUID())
    const stop = new AbortController()
    // The sleep of the system, which the signal ends.
    const surroundings = { ...systemSurroundings, lookEveryMs: 600_000, watchMs: 600_000 }
    const looks = vi.fn(() => 0)
    const taking = take(path, { ...surroundings, elapsedMs: looks }, { signal: stop.signal })
    await vi.waitFor(() => expect(looks).toHaveBeenCalled())
    stop.abort()
    const { lock } = await taking
    expect(lock).toEqual({ kind: 'stopped' })
    expect(readdirSync(folder)).toEqual(['lock'])
    expect(holderIn(path).host).toBe('other-machine')
  })

  it.each([
    ['another boot', { bootId: stranger.bootId }],
    ['another PID namespace', { pidNamespace: 'pid:[1]' }],
    ['another host name', { host: 'other-machine' }],
    ['a system without /proc', { bootId: null, pidNamespace: null }],
  ])('is known by %s: its pid says nothing here', (_, part) => {
    expect(lifeOf({ ...living(), ...part }, ownIdentity())).toBe('unknown')
    expect(lifeOf({ ...gone(), ...part }, ownIdentity())).toBe('unknown')
    const elsewhere = { ...ownIdentity(), ...part }
    expect(lifeOf(gone(), elsewhere)).toBe('unknown')
  })

  it('is named with its machine', () => {
    const here = { ...ownIdentity(), host: 'here', bootId: 'boot', pidNamespace: 'pid:[2]' }
    const owner = { ...here, pid: 7, since }
    expect(nameOf(owner, here)).toBe('process 7')
    expect(nameOf({ ...owner, host: 'there' }, here)).toBe('process 7 on there')
    expect(nameOf({ ...owner, pidNamespace: 'pid:[3]' }, here)).toBe(
      'process 7 on here (in another PID namespace)',
    )
    expect(nameOf({ ...owner, bootId: 'x' }, here)).toBe('process 7 on here (another boot or machine)')
    expect(nameOf({ ...owner, host: null }, here)).toBe('process 7')
  })
})

describe('a lock of an early version', () => {
  const early = (startedTicks: string | null) => JSON.stringify({ pid: process.pid, startedTicks, since })

  it.runIf(hasProc)('is refused at once while its process lives here', async () => {
    const { path } = newLock()
    writeFileSync(path, early(ownIdentity().startedTicks))
    const { lock, watched } = await take(path)
    expect(lock).toMatchObject({ kind: 'taken', owner: { pid: process.pid, host: null } })
    expect(watched).toEqual([])
  })

  it.each(['1', null])('is watched where that is not so (ticks %j), and taken over', async (ticks) => {
    const { folder, path } = newLock()
    writeFileSync(path, early(ticks))
    const { lock, watched } = await take(path)
    expect(lock.kind).toBe('held')
    expect(watched).toHaveLength(1)
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it('is refused where its holder, which does not beat, rewrites its status', async () => {
    const { folder, path } = newLock()
    writeFileSync(path, early('1'))
    const sign = join(folder, 'status.json')
    const surroundings = fakeSurroundings((sleeps) => {
      if (sleeps === 2) writeFileSync(sign, 'anything')
    })
    const { lock } = await take(path, surroundings, { signs: [sign] })
    expect(lock).toMatchObject({ kind: 'taken', owner: { pid: process.pid } })
  })
})

describe('what is no lock', () => {
  const token = randomUUID()
  const put: readonly (readonly [string, (path: string) => void])[] = [
    ['nothing', (path) => writeFileSync(path, '')],
    ['cut JSON', (path) => writeFileSync(path, '{"pid": 1')],
    ['JSON of something else', (path) => writeFileSync(path, '{"pid":"x"}')],
    ['a list', (path) => writeFileSync(path, '[1]')],
    ['a pid that is a group', (path) => writeLock(path, { ...stranger, pid: -1 }, token)],
    ['a token that is a path', (path) => writeLock(path, stranger, '../../../tmp/x')],
    [
      'a host name that a terminal obeys',
      (path) => writeLock(path, { ...stranger, host: '\u001b[2J' }, token),
    ],
    ['bytes without end', (path) => writeFileSync(path, Buffer.alloc(100_000, 0x20))],
    ['a folder', (path) => mkdirSync(path)],
    ['a fifo', (path) => void expect(spawnSync('mkfifo', [path]).status).toBe(0)],
    ['a link to itself', (path) => symlinkSync('lock', path)],
    ['a link to a device', (path) => symlinkSync('/dev/zero', path)],
    [
      'a lock that succeeds itself',
      (path) => {
        writeLock(path, stranger, token)
        writeLock(`${path}.${token}`, stranger, token)
      },
    ],
    [
      'a lock whose successor is a folder',
      (path) => {
        writeLock(path, stranger, token)
        mkdirSync(`${path}.${token}`)
      },
    ],
  ]
  it.each(put)('is refused with its path, and left where it lies: %s', async (_, write) => {
    const { folder, path } = newLock()
    write(path)
    const before = readdirSync(folder)
    const { lock } = await take(path)
    expect(lock).toEqual({ kind: 'unusable', message: expect.stringContaining(path) as string })
    expect(readdirSync(folder)).toEqual(before)
  })

  it('a folder that takes no files is named with what is wrong', async () => {
    const { folder } = newLock()
    const { lock } = await take(join(folder, 'none', 'lock'))
    expect(lock).toEqual({ kind: 'unusable', message: expect.stringContaining('ENOENT') as string })
  })
})

describe('of many who meet one dead lock', () => {
  it('one who comes late does not take it from who took it over', async () => {
    const { folder, path } = newLock()
    writeLock(path, stranger, randomUUID())
    const dead = lockAt(path)
    await held(path)
    const winner = readFileSync(path, 'utf8')
    // It judged the lock before, and acts on it now.
    expect(succeed(path, dead, living(), randomUUID(), () => true)).toBe(false)
    expect(readFileSync(path, 'utf8')).toBe(winner)
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it('one who comes while another is at it does not get it', () => {
    const { path } = newLock()
    const token = randomUUID()
    writeLock(path, stranger, token)
    writeLock(`${path}.${token}`, living(), randomUUID())
    expect(succeed(path, lockAt(path), living(), randomUUID(), () => true)).toBe(false)
  })

  it('one who finds that it beat after all backs off', () => {
    const { folder, path } = newLock()
    const token = randomUUID()
    writeLock(path, stranger, token)
    const dead = lockAt(path)
    writeLock(path, stranger, token, 1)
    expect(succeed(path, dead, living(), randomUUID(), () => true)).toBe(false)
    expect(readdirSync(folder)).toEqual(['lock'])
    expect(holderIn(path).host).toBe('other-machine')
  })

  it('one who stood still in between backs off', () => {
    const { folder, path } = newLock()
    writeLock(path, stranger, randomUUID())
    expect(succeed(path, lockAt(path), living(), randomUUID(), () => false)).toBe(false)
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it.runIf(hasProc)('one who was killed in the middle is taken over from in turn', async () => {
    const { folder, path } = newLock()
    const [first, second] = [randomUUID(), randomUUID()]
    writeLock(path, stranger, first)
    writeLock(`${path}.${first}`, gone(), second)
    const { lock, watched } = await take(path)
    expect(lock.kind).toBe('held')
    expect(watched).toEqual([])
    expect(readdirSync(folder)).toEqual(['lock'])
    expect(holderIn(path).pid).toBe(process.pid)
  })

  it.runIf(hasProc)('one who lives and is in the middle is who holds it', async () => {
    const { path } = newLock()
    const first = randomUUID()
    writeLock(path, gone(), first)
    writeLock(`${path}.${first}`, living(), randomUUID())
    expect((await take(path)).lock).toMatchObject({ kind: 'taken', owner: living() })
  })

  function lockAt(path: string) {
    const found = readLockFile(path)
    if (found.kind !== 'lock') throw new Error('no lock')
    return found.lock
  }
})
