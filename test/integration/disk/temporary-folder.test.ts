import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { atFileEnd } from '../../fixtures/file-end.js'

const built = resolve('dist/disk/index.js')
/** A user that may do all is made one that may not. */
const make = `import(${JSON.stringify(built)}).then(async ({ temporaryFolder }) => {
  if (process.getuid() === 0) process.setuid(65_534)
  console.log((await temporaryFolder('data')).path)
})`

describe('a temporary folder', () => {
  it('is made where everybody may write and nobody may list', () => {
    const base = mkdtempSync(join(tmpdir(), 'pairmill-test-'))
    atFileEnd(() => rmSync(base, { recursive: true, force: true }))
    chmodSync(base, 0o333)
    const options = { env: { ...process.env, TMPDIR: base }, encoding: 'utf8' } as const
    const path = execFileSync(process.execPath, ['-e', make], options).trim()
    expect(dirname(path)).toBe(base)
    chmodSync(base, 0o733)
    expect(readdirSync(base).map((name) => join(base, name))).toEqual([path])
  })

  it('is refused by the path of a folder that is not there', () => {
    const base = join(tmpdir(), 'pairmill-test-nowhere')
    expect(existsSync(base)).toBe(false)
    const options = { env: { ...process.env, TMPDIR: base }, encoding: 'utf8', stdio: 'pipe' } as const
    expect(() => execFileSync(process.execPath, ['-e', make], options)).toThrow(base)
  })
})
