import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ended, pairmill } from '../../fixtures/run/pairmill.js'

const folder = mkdtempSync(join(tmpdir(), 'pairmill-demo-'))
let ended: Ended

/** A share as the demo prints it, 0..1. */
function printed(name: string): number {
  const percent = new RegExp(`${name}\\s+([\\d.]+) %`).exec(ended.stdout)?.[1]
  if (percent === undefined) throw new Error(`${name} was not printed:\n${ended.stdout}`)
  return Number(percent) / 100
}

beforeAll(async () => {
  ended = await pairmill(['demo', '--out', join(folder, 'out')])
}, 240_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('pairmill demo with the model in the box', () => {
  it('ends with 0 and a verified dataset', () => {
    expect(ended.stderr).not.toContain('failed')
    expect(ended.code).toBe(0)
    expect(ended.stdout).toMatch(/pairs, [\d,]+ rows, [\d,]+ pages: nothing is wrong/)
  })

  it('keeps nineteen of twenty pictures that stand whole beside a right text, and of fifty kept pairs one is wrong at most', () => {
    expect(printed('recall')).toBeGreaterThan(0.95)
    expect(printed('precision')).toBeGreaterThan(0.98)
  })

  it('asks for nothing that robots.txt forbids, and keeps nothing against the word of a site', () => {
    expect(ended.stdout).toContain('0 requests for what robots.txt forbids; 0 pictures kept')
  })
})
