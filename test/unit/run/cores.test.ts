import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { coresOf, readQuotas, usableCores } from '../../../src/run/cores.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A machine's control groups: what /proc/self/cgroup says, and files below /sys/fs/cgroup. */
function groups(membership: string | null, files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'pairmill-cgroup-'))
  folders.push(folder)
  const mount = join(folder, 'cgroup')
  if (membership !== null) writeFileSync(join(folder, 'membership'), membership)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(mount, name)), { recursive: true })
    writeFileSync(join(mount, name), text)
  }
  return { membership: join(folder, 'membership'), mount }
}

describe('quotas of control groups', () => {
  test('version 2: in a container its own root says it', () => {
    expect(readQuotas(groups('0::/\n', { 'cpu.max': '150000 100000\n' }))).toEqual([1.5])
    expect(readQuotas(groups('0::/\n', { 'cpu.max': 'max 100000\n' }))).toEqual([])
  })

  test('version 2: every group above counts too', () => {
    const found = readQuotas(
      groups('0::/system.slice/work.service\n', {
        'system.slice/work.service/cpu.max': '400000 100000\n',
        'system.slice/cpu.max': '200000 100000\n',
      }),
    )
    expect(found).toEqual([4, 2])
  })

  test('version 1: as the machine mounts it, and as a container that sees the machine’s path does', () => {
    const files = {
      'cpu,cpuacct/docker/ab/cpu.cfs_quota_us': '300000\n',
      'cpu,cpuacct/docker/ab/cpu.cfs_period_us': '100000\n',
      'cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
      'cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    }
    const membership = '5:memory:/docker/ab\n4:cpu,cpuacct:/docker/ab\n0::/docker/ab\n'
    expect(readQuotas(groups(membership, files))).toEqual([3])
    const inside = { 'cpu/cpu.cfs_quota_us': '250000\n', 'cpu/cpu.cfs_period_us': '100000\n' }
    expect(readQuotas(groups(membership, inside))).toEqual([2.5])
  })

  test('there is none where there are no control groups, or they say what cannot be read', () => {
    expect(readQuotas(groups(null, {}))).toEqual([])
    expect(readQuotas(groups('nonsense\n0::/\n', { 'cpu.max': 'garbage\n' }))).toEqual([])
  })
})

test('the cores that may be used are whole, at least one, and no more than the scheduler gives', () => {
  expect(coresOf(8, [])).toBe(8)
  expect(coresOf(8, [3.5, 6])).toBe(3)
  expect(coresOf(2, [3.5])).toBe(2)
  expect(coresOf(8, [0.25])).toBe(1)
  expect(usableCores(groups('0::/\n', { 'cpu.max': '100000 100000\n' }))).toBe(1)
  expect(usableCores(groups(null, {}))).toBe(availableParallelism())
})
