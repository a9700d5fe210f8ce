import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { type LockSurroundings, ownIdentity } from '../../../src/lock/index.js'
import { isFolderHeld, lockFolder } from '../../../src/run/folder-lock.js'
import {
  calm,
  fakeSurroundings,
  gone,
  holderIn,
  newLock,
  stranger,
  writeLock,
} from '../../fixtures/lock/lock-fixture.js'

const entry = fileURLToPath(new URL('../../fixtures/workers/lock-process.js', import.meta.url))
const hasProc = ownIdentity().pidNamespace !== null
/** A container, as far as pids go: its first process is 1, and sees none outside. */
const container = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const
const hasContainers = spawnSync(container[0], [...container.slice(1), 'true']).status === 0
const whyNot = hasContainers ? '' : ' (skipped: unshare --pid is not permitted here)'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

interface Said {
  readonly kind: string
  readonly pid: number
  readonly message?: string
}
interface Other {
  readonly said: Said
  /** What it says next. */
  next(): Promise<Said>
  kill(): Promise<void>
  /** Of itself, as this process sees it. */
  readonly pid: number
}

/** So that nothing is waited for: one who beats is seen at once, and none who beats is watched to the end. */
const lively = { beatEveryMs: 20, lookEveryMs: 10, watchMs: 60_000 }

/** A process of its own that takes the lock and keeps it until it is killed. */
async function lockElsewhere(
  privateDir: string,
  times: Partial<LockSurroundings> = lively,
  within: readonly string[] = [],
): Promise<Other> {
  const [command = '', ...words] = [...within, process.execPath, entry, privateDir, JSON.stringify(times)]
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse(String((await lines.next()).value)) as Said
  const said = await next()
  const outer = child.pid!
  const inner = () => Number(readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').trim())
  return {
    said,
    next,
    pid: within.length === 0 ? outer : inner(),
    kill: async () => {
      const ended = new Promise((done) => child.once('close', done))
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function lockHere(privateDir: string, surroundings: LockSurroundings = fakeSurroundings()) {
  const notes: string[] = []
  const lock = await lockFolder(privateDir, (note) => notes.push(note), calm, surroundings)
  if (lock.kind === 'held') await lock.release()
  return { kind: lock.kind, message: 'message' in lock ? lock.message : null, notes }
}

const heldHere = (privateDir: string, surroundings: LockSurroundings = fakeSurroundings()) =>
  isFolderHeld(privateDir, () => {}, surroundings)

describe('the lock of a folder', { timeout: 120_000 }, () => {
  it.runIf(hasProc)(
    'names the process of this machine that holds it, and is free when that was killed',
    async () => {
      const { folder } = newLock()
      const other = await lockElsewhere(folder)
      expect(other.said.kind).toBe('held')
      const refused = await lockHere(folder)
      expect(refused).toMatchObject({ kind: 'taken', notes: [] })
      expect(refused.message).toContain(` is in use by process ${other.pid} since 2`)
      expect(await heldHere(folder)).toBe(true)
      await other.kill()
      expect(await heldHere(folder)).toBe(false)
      expect(await lockHere(folder)).toEqual({ kind: 'held', message: null, notes: [] })
      expect(readdirSync(folder)).toEqual([])
    },
  )

  it.runIf(hasProc)('that a killed process left goes to one of many that come at once', async () => {
    const { folder, path } = newLock()
    writeLock(path, gone(), randomUUID())
    const others = await Promise.all(Array.from({ length: 6 }, () => lockElsewhere(folder)))
    const kinds = others.map(({ said }) => said.kind)
    expect(kinds.toSorted()).toEqual(['held', ...Array(5).fill('taken')])
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it('of another machine that is silent goes to one of many that watch it at once', async () => {
    const { folder, path } = newLock()
    writeLock(path, stranger, randomUUID())
    const times = { ...lively, watchMs: 300 }
    const others = await Promise.all(Array.from({ length: 4 }, () => lockElsewhere(folder, times)))
    const kinds = others.map(({ said }) => said.kind)
    expect(kinds.toSorted()).toEqual(['held', ...Array(3).fill('taken')])
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it('of another machine is said to be watched, with who has it, and refused with the same', async () => {
    const { folder, path } = newLock()
    const token = randomUUID()
    writeLock(path, stranger, token)
    const surroundings = fakeSurroundings((sleeps) => writeLock(path, stranger, token, sleeps))
    const { kind, message, notes } = await lockHere(folder, surroundings)
    const who = `in use by process 7 on other-machine since ${stranger.since}`
    expect(kind).toBe('taken')
    expect(message).toContain(`is ${who}: wait for it, stop it, or choose another folder`)
    expect(notes).toEqual([expect.stringContaining(`was ${who}: looking for up to 15 s whether it still is`)])
  })

  it('of another machine counts as held where its status moves, and not where nothing does', async () => {
    const { folder, path } = newLock()
    writeLock(path, stranger, randomUUID())
    expect(await heldHere(folder)).toBe(false)
    const moves = fakeSurroundings((sleeps) => writeFileSync(join(folder, 'status.json'), String(sleeps)))
    expect(await heldHere(folder, moves)).toBe(true)
    expect(holderIn(path).host).toBe('other-machine')
  })

  it('is nobody’s where there is none, no folder, or something else', async () => {
    const { folder, path } = newLock()
    expect(await heldHere(folder)).toBe(false)
    expect(await heldHere(join(folder, 'none'))).toBe(false)
    writeFileSync(path, 'rubbish')
    expect(await heldHere(folder)).toBe(false)
    expect(await lockHere(folder)).toMatchObject({ kind: 'unusable', notes: [] })
  })
})

describe.runIf(hasContainers)(`two containers on one folder${whyNot}`, { timeout: 120_000 }, () => {
  it('the second, and their host, are refused while the first lives', async () => {
    const { folder } = newLock()
    const first = await lockElsewhere(folder, lively, container)
    expect(first.said).toMatchObject({ kind: 'held', pid: 1 })
    for (const other of [await lockElsewhere(folder, lively, container), await lockElsewhere(folder)]) {
      expect(other.said.kind).toBe('taken')
      expect(other.said.message).toContain(
        `is in use by process 1 on ${hostname()} (in another PID namespace)`,
      )
    }
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it('a container is refused while a process of the host lives', async () => {
    const { folder } = newLock()
    const host = await lockElsewhere(folder)
    const other = await lockElsewhere(folder, lively, container)
    expect(other.said.message).toContain(`is in use by process ${host.pid} on ${hostname()}`)
  })

  it('the second takes over when the first was killed', async () => {
    const { folder } = newLock()
    const first = await lockElsewhere(folder, lively, container)
    await first.kill()
    const second = await lockElsewhere(folder, { ...lively, watchMs: 300 }, container)
    expect(second.said.kind).toBe('held')
  })

  it('the first, stopped for too long, finds out as it goes on, and leaves the second alone', async () => {
    const { folder, path } = newLock()
    const first = await lockElsewhere(folder, lively, container)
    process.kill(first.pid, 'SIGSTOP')
    const second = await lockElsewhere(folder, { ...lively, watchMs: 300 }, container)
    expect(second.said.kind).toBe('held')
    const { token } = holderIn(path)
    process.kill(first.pid, 'SIGCONT')
    expect(await first.next()).toMatchObject({
      kind: 'lost',
      message: expect.stringContaining(`went to process 1 on ${hostname()}`) as string,
    })
    expect(holderIn(path).token).toBe(token)
  })
})
