import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// What the command loads only when it has rules to check; here outside of the tests' time.
import '../../../src/crawl/rules/compile.js'
import { inspectCommand } from '../../../src/cli/inspect.js'
import type { RunOptions } from '../../../src/options/index.js'
import type { Inspection, InspectTarget } from '../../../src/workers/index.js'
import { paper } from '../../fixtures/cli/output.js'

const cwd = mkdtempSync(join(tmpdir(), 'pairmill-inspect-'))
beforeAll(() => writeFileSync(join(cwd, 'saved.html'), '<img>'))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

const forbidden: Inspection = {
  kind: 'unread',
  url: 'https://a.test/x',
  reason: 'robots',
  detail: 'robots:disallow: /x (robots.txt)',
  permission: {
    rule: 'robots:disallow',
    value: 'Disallow: /x',
    source: 'robots.txt',
    checkedAt: '2026-01-01',
  },
}
const empty: Inspection = {
  kind: 'page',
  url: 'https://a.test/\u0007',
  redirects: ['http://a.test/'],
  status: 200,
  permission: null,
  rule: ['a.test'],
  title: null,
  language: 'en',
  refusals: { images: null, links: { rule: 'meta-robots', value: 'nofollow', source: 'meta' } },
  signs: ['scripts', 'lazy_image'],
  ruleIsCostly: true,
  pictures: [],
  links: [],
}

async function inspected(
  target: string,
  more: { base?: string; withImages?: boolean; json?: boolean; flags?: Record<string, unknown> } = {},
  inspection: Inspection = empty,
) {
  const stdout = paper()
  const stderr = paper()
  const calls: { options: RunOptions; target: InspectTarget }[] = []
  const call = { target, base: null, withImages: false, json: false, flags: {}, ...more }
  const input = {
    cwd,
    userAgent: 'pairmill/0.1',
    isFolder: () => false,
    readFile: async () => '[{"hosts": "a.test", "captions": "."}]',
    readChunks: () => Readable.from([]),
    readStdin: async () => '',
  }
  const inspect = async (options: RunOptions, page: InspectTarget) => {
    calls.push({ options, target: page })
    return inspection
  }
  const code = await inspectCommand(call, { input, inspect, stdout, stderr }, new AbortController().signal)
  return { code, stdout: stdout.text(), stderr: stderr.text(), call: calls[0] }
}

describe('pairmill inspect', () => {
  it('fetches a URL in the name of somebody who can be reached', async () => {
    const refused = await inspected('https://a.test/x')
    expect(refused).toMatchObject({ code: 2, call: undefined })
    expect(refused.stderr).toMatch(/^pairmill: --contact: missing; a\.test is not this machine/)
    const { call, code } = await inspected('a.test/x', { flags: { contact: 'ada@a.test' } })
    expect(code).toBe(0)
    expect(call).toMatchObject({
      options: { userAgent: 'pairmill/0.1 (ada@a.test)', model: 'none', rules: [] },
      target: { url: 'https://a.test/x', file: null },
    })
  })

  it('reads a file in nobody’s name, unless its images are fetched', async () => {
    const { call, code } = await inspected('saved.html')
    expect([code, call?.target]).toEqual([
      0,
      { url: 'http://file.invalid/', file: Buffer.from('<img>'), withImages: false },
    ])
    const base = 'https://a.test/page'
    expect((await inspected('saved.html', { base })).call?.target.url).toBe(base)
    const refused = await inspected('saved.html', { base, withImages: true })
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--contact: missing')])
  })

  it.each([
    ['gone.html', {}, /^pairmill: --contact: missing; gone\.html/],
    ['gone', {}, /^pairmill: cannot read 'gone': there is no such file/],
    ['.', {}, /^pairmill: cannot read '\.': it is a folder/],
    [
      'saved.html',
      { base: 'ftp://a.test/' },
      /^pairmill: --base: expected an http or https URL, got 'ftp:\/\/a\.test\/'/,
    ],
    ['https://a.test/', { base: 'https://b.test/' }, /^pairmill: --base: is for a file/],
    ['saved.html', { flags: { minSide: 'x' } }, /^pairmill: --min-side: expected/],
    ['saved.html', { flags: { rules: 'r.json' } }, /^pairmill: r\.json item 1 \(a\.test\): captions: '\.': /],
  ])('refuses %s with %j', async (target, more, message) => {
    const { code, stderr, call } = await inspected(target, more)
    expect([code, call]).toEqual([2, undefined])
    expect(stderr).toMatch(message)
  })

  it('ends with 1 where the page could not be read, and says why', async () => {
    const { code, stdout } = await inspected('saved.html', {}, forbidden)
    expect(code).toBe(1)
    expect(stdout.split('\n')).toEqual([
      'https://a.test/x',
      '  not read: robots, robots:disallow: /x (robots.txt)',
      '  permission robots:disallow "Disallow: /x" (robots.txt)',
      '',
    ])
  })

  it('prints for people what a page declares, and as JSON all of it, steering no terminal', async () => {
    const { stdout } = await inspected('saved.html')
    expect(stdout.split('\n')).toEqual(
      [
        'https://a.test/ ',
        '  redirected from http://a.test/',
        '  status     200',
        '  title      none',
        '  language   en',
        '  rule       a.test',
        '             given up: its selectors take too long on this page',
        '  opt-out    links: meta-robots "nofollow" (meta)',
        '  browser    may find more: scripts, lazy_image',
        '',
        'Pictures: 0 candidates, 0 left out',
        '',
        'Links: 0 to follow, 0 left out',
        '',
      ].map((line) => line.trimEnd()),
    )
    const json = await inspected('saved.html', { json: true })
    expect(JSON.parse(json.stdout)).toEqual({ v: 1, ...empty })
    expect(json.stdout).not.toContain('\u0007')
  })
})
