import { describe, expect, it } from 'vitest'
import { type PermissionsCall, permissionsCommand } from '../../src/cli/permissions.js'
import { runProgram } from '../../src/cli/program.js'
import type { RowDecision } from '../../src/shard/index.js'
import { paper } from './output.js'

const checkedAt = '2026-01-02T03:04:05.678Z'
const ok = { rule: 'robots:allow /', value: 'Allow: /', source: 'robots.txt', checkedAt }
const tdm = { rule: 'tdm', value: 'location /art/', source: 'tdmrep.json', checkedAt }

const rows: readonly RowDecision[] = [
  { url: 'http://img.a.test/1.jpg', pageUrl: 'http://a.test/', reason: null, image: ok, page: ok },
  { url: 'http://img.a.test/art/2.jpg', pageUrl: 'http://a.test/', reason: 'opt_out', image: tdm, page: ok },
  {
    url: 'http://b.test:8100/3.jpg',
    pageUrl: 'http://b.test:8100/p',
    reason: 'robots',
    image: { rule: 'robots:disallow /3', checkedAt },
    page: { rule: 'robots:none', checkedAt },
  },
  { url: 'http://c.test/4.jpg', pageUrl: 'http://c.test/', reason: 'caption_short', image: null, page: null },
]

const counters = {
  'page_skipped:robots': 7,
  'page_skipped:opt_out': 3,
  'page_opted_out:ai-txt': 2,
  'page_opted_out:x-robots-tag': 1,
  'images_opted_out:meta-robots': 4,
}

async function list(
  call: Partial<PermissionsCall['filter']> & { json?: boolean } = {},
  given: { rows?: readonly RowDecision[]; counters?: Record<string, number> | null; place?: string } = {},
) {
  const { json = false, ...filter } = call
  const stdout = paper()
  const stderr = paper()
  const code = await permissionsCommand(
    {
      place: given.place ?? '/data',
      json,
      filter: { host: null, rule: null, refusedOnly: false, ...filter },
    },
    {
      isPlace: (place) => place === '/data',
      decisions: async function* () {
        yield* given.rows ?? rows
      },
      counters: async () => (given.counters === undefined ? counters : given.counters),
      stdout,
      stderr,
    },
  )
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

describe('pairmill permissions', () => {
  it('lists each page once and each image, with the rule, and counts them', async () => {
    const { code, stdout } = await list()
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'allowed  page   2026-01-02T03:04:05  robots:allow /            http://a.test/',
      'allowed  image  2026-01-02T03:04:05  robots:allow /            http://img.a.test/1.jpg',
      'refused  image  2026-01-02T03:04:05  tdm "location /art/" (tdmrep.json)  http://img.a.test/art/2.jpg',
      'allowed  page   2026-01-02T03:04:05  robots:none               http://b.test:8100/p',
      'refused  image  2026-01-02T03:04:05  robots:disallow /3        http://b.test:8100/3.jpg',
      '',
      '3 images listed, 2 refused',
      '2 pages listed, 0 refused',
      '  robots:allow     2',
      '  robots:disallow  1',
      '  robots:none      1',
      '  tdm              1',
      '1 candidate turned away before anything was asked',
      '10 pages of the whole run refused and not read: counted, not listed',
      '  robots        7',
      '  ai-txt        2',
      '  x-robots-tag  1',
      '4 pages read whose images were left alone by their own word',
      '',
    ])
  })

  it('gives a program one object a line, and people the counts', async () => {
    const { stdout, stderr } = await list({ json: true, refusedOnly: true })
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { what: 'image', allowed: false, url: 'http://img.a.test/art/2.jpg', ...tdm },
      {
        what: 'image',
        allowed: false,
        url: 'http://b.test:8100/3.jpg',
        rule: 'robots:disallow /3',
        value: null,
        source: 'robots.txt',
        checkedAt,
      },
    ])
    expect(stderr).toContain('2 images listed, 2 refused')
  })

  it.each([
    ['a host and those below it', { host: 'A.test' }, 3],
    ['a host with its port', { host: 'b.test:8100' }, 2],
    ['no host that only ends alike', { host: 'test:8100' }, 0],
    ['a rule', { rule: 'tdm' }, 1],
    ['a rule and all that it says', { rule: 'robots' }, 4],
    ['what a rule says', { rule: 'robots:disallow' }, 1],
    ['no rule that only begins alike', { rule: 'td' }, 0],
    ['what was refused', { refusedOnly: true }, 2],
    ['several at once', { refusedOnly: true, host: 'a.test', rule: 'tdm' }, 1],
  ])('can be told to list %s', async (_, filter, lines) => {
    const { code, stdout } = await list({ json: true, ...filter })
    expect([code, stdout.split('\n').length - 1]).toEqual([0, lines])
  })

  it('lets nothing from the web steer the terminal', async () => {
    const image = { rule: 'robots:disallow /\u001b[2J\n', checkedAt }
    const { stdout } = await list({}, { rows: [{ ...rows[0]!, image }] })
    expect(stdout).not.toContain('\u001b')
    expect(stdout.split('\n')[1]).toContain('robots:disallow / [2J')
  })

  it('says what it does not know', async () => {
    expect((await list({}, { counters: null })).stdout).toContain('only counted, in the status of the run')
    expect(await list({}, { rows: [] })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'pairmill: nothing is committed in /data yet\n',
    })
    expect(await list({}, { place: '/nowhere' })).toMatchObject({ code: 2, stdout: '' })
  })

  it('is called by its words', async () => {
    const calls: unknown[] = []
    const permissions = async (call: PermissionsCall) => {
      calls.push(call)
      return 0 as const
    }
    const commands = { permissions } as unknown as Parameters<typeof runProgram>[1]['commands']
    const words = ['permissions', 's3://b/p', '--host', 'a.test', '--rule', 'tdm', '--refused', '--json']
    await runProgram(words, { commands, version: '0', stdout: paper(), stderr: paper() })
    await runProgram(['permissions', 'x'], { commands, version: '0', stdout: paper(), stderr: paper() })
    expect(calls).toEqual([
      { place: 's3://b/p', json: true, filter: { host: 'a.test', rule: 'tdm', refusedOnly: true } },
      { place: 'x', json: false, filter: { host: null, rule: null, refusedOnly: false } },
    ])
  })
})
