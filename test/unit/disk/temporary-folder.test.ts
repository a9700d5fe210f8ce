import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../../src/disk/index.js'

/** No process has a number over 2^22. */
const nobody = 2 ** 22 + 1
const hourMs = 3_600_000
const now = Date.UTC(2026, 0, 1)

let base = ''
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'pairmill-test-'))
  vi.stubEnv('TMPDIR', base)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(base, { recursive: true, force: true })
})

/** A folder with a file in it, of such an age. */
function left(name: string, ageMs: number): void {
  mkdirSync(join(base, name))
  writeFileSync(join(base, name, 'copy'), 'of a shard')
  const then = (now - ageMs) / 1_000
  utimesSync(join(base, name), then, then)
}

describe('a temporary folder', () => {
  it('is named after what it is for and whose it is, and goes with what it holds, at any time', async () => {
    const folder = await temporaryFolder('data')
    expect(readdirSync(base)).toEqual([expect.stringMatching(`^pairmill-data-${process.pid}-`)])
    writeFileSync(join(folder.path, 'copy'), '')
    await folder.remove()
    await folder.remove()
    expect(readdirSync(base)).toEqual([])
  })

  it.each(['data', 'browser'])(
    'takes away what a process that is gone left an hour ago: %s',
    async (kind) => {
      left(`pairmill-${kind}-${nobody}-abcdef`, hourMs)
      await (await temporaryFolder('data', now)).remove()
      expect(readdirSync(base)).toEqual([])
    },
  )

  it.each([
    ['what is younger, and may be of another container', `pairmill-data-${nobody}-abcdef`, hourMs - 1],
    ['what a process that lives has', `pairmill-data-${process.pid}-abcdef`, 2 * hourMs],
    ["another's", `pairmill-other-${nobody}-abcdef`, 2 * hourMs],
    ["a stranger's", `somebody-data-${nobody}-abcdef`, 2 * hourMs],
  ])('leaves %s', async (_, name, ageMs) => {
    left(name, ageMs)
    await (await temporaryFolder('data', now)).remove()
    expect(existsSync(join(base, name, 'copy'))).toBe(true)
  })
})
