import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { beat, createFence, isLost, mayGoOn } from '../../../src/lock/fence/index.js'
import { type HeldLock, type LockLostError, systemSurroundings } from '../../../src/lock/index.js'
import { claim, readLockFile, succeed } from '../../../src/lock/lock-file.js'
import { held, holderIn, living, newLock, stranger, writeLock } from '../../fixtures/lock/lock-fixture.js'

const sureMs = 10_000

/** A lock that is held since the time 0, without a thread that beats. */
function heldSince0() {
  const { folder, path } = newLock()
  const token = randomUUID()
  expect(claim(path, living(), token)).toBe(true)
  return { folder, path, fence: createFence(path, token, living(), sureMs, 0) }
}

/** What one does who saw no beat for long enough. */
function takeOver(path: string): void {
  const found = readLockFile(path)
  if (found.kind !== 'lock') throw new Error('no lock')
  expect(succeed(path, found.lock, stranger, randomUUID(), () => true)).toBe(true)
}

describe('a holder', () => {
  it('shows with each beat that it lives, in the file that it made', () => {
    const { path, fence } = heldSince0()
    const seen = new Set([readFileSync(path, 'utf8')])
    for (let n = 1; n <= 12; n++) {
      expect(beat(fence, n)).toBe('held')
      seen.add(readFileSync(path, 'utf8'))
    }
    expect(seen.size).toBe(13)
    expect(new Set([...seen].map((text) => text.length)).size).toBe(1)
    expect(holderIn(path)).toMatchObject(living())
  })

  it('may go on without a look while its beat is young, and looks beyond', () => {
    const { path, fence } = heldSince0()
    const before = readFileSync(path, 'utf8')
    expect(mayGoOn(fence, sureMs)).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe(before)
    expect(mayGoOn(fence, sureMs + 1)).toBe(true)
    expect(readFileSync(path, 'utf8')).not.toBe(before)
    expect(mayGoOn(fence, 0)).toBe(true)
  })

  it('which stood still while another took over finds it lost, for good, and overwrites nothing', () => {
    const { folder, path, fence } = heldSince0()
    takeOver(path)
    const winner = readFileSync(path, 'utf8')
    expect(mayGoOn(fence, sureMs + 1)).toBe(false)
    expect(isLost(fence)).toBe(true)
    expect(mayGoOn(fence, 0)).toBe(false)
    expect(beat(fence, 0)).toBe('lost')
    expect(readFileSync(path, 'utf8')).toBe(winner)
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it('finds it lost where another is just taking over', () => {
    const { path, fence } = heldSince0()
    expect(claim(`${path}.${fence.token}`, stranger, randomUUID())).toBe(true)
    expect(beat(fence, 1)).toBe('lost')
  })

  it('finds it lost where its lock was removed', () => {
    const { folder, path, fence } = heldSince0()
    rmSync(path)
    expect(beat(fence, 1)).toBe('lost')
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('the thread that beats', { timeout: 60_000 }, () => {
  const fast = { ...systemSurroundings, beatEveryMs: 20 }
  const loss = (lock: HeldLock) => new Promise<LockLostError>((told) => lock.onLost(told))

  it('goes on while the thread of the holder is busy', async () => {
    const { path } = newLock()
    await held(path, fast)
    const before = readFileSync(path, 'utf8')
    const giveUpAt = performance.now() + 50_000
    let now = before
    // No turn of the event loop in between.
    while (now === before && performance.now() < giveUpAt) now = readFileSync(path, 'utf8')
    expect(now).not.toBe(before)
  })

  it('tells once who took over, and the release leaves that one alone', async () => {
    const { path } = newLock()
    const lock = await held(path, fast)
    const lost = loss(lock)
    writeLock(`${path}.other`, stranger, randomUUID())
    renameSync(`${path}.other`, path)
    const { message } = await lost
    expect(message).toContain(`${path} went to process 7 on other-machine since ${stranger.since}`)
    expect(lock.lost()?.message).toBe(message)
    expect((await loss(lock)).message).toBe(message)
    await lock.release()
    expect(holderIn(path).host).toBe('other-machine')
  })

  it('tells that the lock was removed', async () => {
    const { folder, path } = newLock()
    const lock = await held(path, fast)
    rmSync(path)
    expect((await loss(lock)).message).toContain(`${path} was removed`)
    await lock.release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('tells that the lock can no longer be kept', async () => {
    const { path } = newLock()
    const lock = await held(path, fast)
    rmSync(path)
    mkdirSync(path)
    expect((await loss(lock)).message).toMatch(/was removed|can no longer be kept/)
  })
})
