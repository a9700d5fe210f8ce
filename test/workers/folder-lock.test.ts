import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { type LockOwner, lockFolder, lockOwner } from '../../src/workers/folder-lock.js'

const now = new Date('2026-01-02T03:04:05Z')
const entry = fileURLToPath(new URL('./lock-process.js', import.meta.url))

const folders: string[] = []
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pairmill-lock-'))
  folders.push(folder)
  return folder
}
const lockFile = (folder: string) => join(folder, 'lock')
const ownerIn = (folder: string) => JSON.parse(readFileSync(lockFile(folder), 'utf8')) as LockOwner

/** A process of its own that takes the lock and keeps it until it is killed. */
async function lockElsewhere(folder: string): Promise<{ child: ChildProcess; answer: string }> {
  const child = fork(entry, [folder], { execArgv: [] })
  children.push(child)
  const [answer] = (await once(child, 'message')) as [string]
  return { child, answer }
}
async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

describe('the lock of a folder', () => {
  it('is made with the folder, says who holds it, and goes with its release', () => {
    const folder = join(newFolder(), 'not', 'there', 'yet')
    const lock = lockFolder(folder, now)
    expect(lock.kind).toBe('held')
    expect(ownerIn(folder)).toMatchObject({ pid: process.pid, since: '2026-01-02T03:04:05.000Z' })
    expect(lockOwner(folder)).toMatchObject({ pid: process.pid })
    if (lock.kind === 'held') lock.release()
    expect(lockOwner(folder)).toBeNull()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is refused while its holder lives, even to that process', () => {
    const folder = newFolder()
    lockFolder(folder, now)
    expect(lockFolder(folder, now)).toMatchObject({ kind: 'taken', owner: { pid: process.pid } })
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it('is refused while another process holds it, and taken over when that one was killed', async () => {
    const folder = newFolder()
    const { child, answer } = await lockElsewhere(folder)
    expect(answer).toBe('held')
    expect(lockFolder(folder, now)).toMatchObject({ kind: 'taken', owner: { pid: child.pid } })
    expect(lockOwner(folder)).toMatchObject({ pid: child.pid })
    await kill(child)
    expect(lockOwner(folder)).toBeNull()
    expect(lockFolder(folder, now).kind).toBe('held')
    expect(ownerIn(folder).pid).toBe(process.pid)
  })

  it('that a killed process left is taken over by one of many that come at once', async () => {
    const folder = newFolder()
    await kill((await lockElsewhere(folder)).child)
    const answers = (await Promise.all(Array.from({ length: 6 }, () => lockElsewhere(folder)))).map(
      ({ answer }) => answer,
    )
    expect(answers.toSorted()).toEqual(['held', ...Array(5).fill('taken')])
    expect(readdirSync(folder)).toEqual(['lock'])
  }, 60_000)

  it('is taken over from a later process that has the pid of its holder', async () => {
    const folder = newFolder()
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    children.push(stranger)
    await once(stranger, 'spawn')
    const owner = { pid: stranger.pid, startedTicks: '1', since: now.toISOString() }
    writeFileSync(lockFile(folder), JSON.stringify(owner))
    expect(lockFolder(folder, now).kind).toBe('held')
  })

  it('is left alone where the start of its living holder is not known', () => {
    const folder = newFolder()
    const owner = { pid: process.pid, startedTicks: null, since: now.toISOString() }
    writeFileSync(lockFile(folder), JSON.stringify(owner))
    expect(lockFolder(folder, now)).toEqual({ kind: 'taken', owner })
  })

  it.each(['', '{', '{"pid": "x"}', 'null', '[1]'])('that holds %j is nobody’s', (text) => {
    const folder = newFolder()
    writeFileSync(lockFile(folder), text)
    expect(lockOwner(folder)).toBeNull()
    expect(lockFolder(folder, now).kind).toBe('held')
  })

  it('is not released by one who has lost it', () => {
    const folder = newFolder()
    const lock = lockFolder(folder, now)
    const other = { pid: process.pid, startedTicks: '1', since: now.toISOString() }
    writeFileSync(lockFile(folder), JSON.stringify(other))
    if (lock.kind === 'held') lock.release()
    expect(ownerIn(folder)).toEqual(other)
  })

  it('is nobody’s where there is no folder', () => {
    expect(lockOwner(join(newFolder(), 'none'))).toBeNull()
    const folder = newFolder()
    mkdirSync(join(folder, 'x'))
    expect(lockOwner(folder)).toBeNull()
  })
})
