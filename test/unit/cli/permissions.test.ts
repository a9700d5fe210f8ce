import { describe, expect, it } from 'vitest'
import { type PermissionsCall, permissionsCommand } from '../../../src/cli/permissions.js'
import { runProgram } from '../../../src/cli/program.js'
import type { PageRow } from '../../../src/records/index.js'
import { type RowDecision, UnreadableDataset } from '../../../src/shard/index.js'
import { paper } from '../../fixtures/cli/output.js'

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

const decidedAt = '2026-01-02T03:04:09.000Z'
const page = (url: string, over: Partial<PageRow> = {}): PageRow => ({
  url,
  host: new URL(url).host,
  outcome: 'read',
  reason: null,
  detail: null,
  httpStatus: 200,
  depth: 1,
  tries: 1,
  redirectTo: null,
  candidates: 2,
  permission: ok,
  imagesRefusal: null,
  decidedAt,
  ...over,
})
const unread = { httpStatus: null, tries: 0, candidates: null }
const robots = { rule: 'robots:disallow /x', value: 'Disallow: /x', source: 'robots.txt', checkedAt }
const noai = { rule: 'meta-robots', value: 'noimageai', source: 'meta', checkedAt }

const pages: readonly PageRow[] = [
  page('http://a.test/'),
  page('http://b.test:8100/p', { imagesRefusal: noai, candidates: 0 }),
  page('http://a.test/x', { ...unread, outcome: 'refused', reason: 'robots', permission: robots }),
  page('http://a.test/gone', { outcome: 'skipped', reason: 'http_4xx', httpStatus: 404, candidates: null }),
  page('http://dead.test/', {
    ...unread,
    outcome: 'dropped',
    reason: 'host_stalled',
    permission: { rule: 'robots:unreachable', value: null, source: 'robots.txt', checkedAt },
  }),
  page('http://c.test/far', { ...unread, outcome: 'left_out', reason: 'too_deep', permission: null }),
]

async function list(
  call: Partial<PermissionsCall['filter']> & { json?: boolean } = {},
  given: { rows?: readonly RowDecision[]; pages?: readonly PageRow[]; place?: string } = {},
) {
  const { json = false, ...filter } = call
  const stdout = paper()
  const stderr = paper()
  const code = await permissionsCommand(
    {
      place: given.place ?? '/data',
      json,
      filter: { only: null, host: null, rule: null, refusedOnly: false, ...filter },
    },
    {
      isPlace: (place) => place === '/data',
      decisions: async function* () {
        yield* given.rows ?? rows
      },
      pages: async function* () {
        yield* given.pages ?? pages
      },
      stdout,
      stderr,
    },
  )
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

describe('pairmill permissions', () => {
  it('of a dataset that cannot be read says what is wrong with it, in one line', async () => {
    const stderr = paper()
    const code = await permissionsCommand(
      { place: '/data', json: false, filter: { only: null, host: null, rule: null, refusedOnly: false } },
      {
        isPlace: () => true,
        pages: async function* () {},
        // biome-ignore lint/correctness/useYield: it breaks before its first row
        decisions: async function* () {
          throw new UnreadableDataset('/data: 00000.parquet cannot be read: \u001b[31mno\nparquet')
        },
        stdout: paper(),
        stderr,
      },
    )
    expect(code).toBe(1)
    expect(stderr.text()).toBe('pairmill: /data: 00000.parquet cannot be read:  [31mno parquet\n')
  })

  it('lists every page of the ledger and every image, with the rule, and counts them', async () => {
    const { code, stdout } = await list()
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'allowed  page    2026-01-02T03:04:05  robots:allow /            http://a.test/',
      'allowed  page    2026-01-02T03:04:05  robots:allow /            http://b.test:8100/p',
      'refused  images  2026-01-02T03:04:05  meta-robots "noimageai" (meta)  http://b.test:8100/p',
      'refused  page    2026-01-02T03:04:05  robots:disallow /x        http://a.test/x',
      'allowed  page    2026-01-02T03:04:05  robots:allow /            http://a.test/gone  (http_4xx)',
      'refused  page    2026-01-02T03:04:05  robots:unreachable        http://dead.test/',
      'unasked  page    2026-01-02T03:04:09  -                         http://c.test/far  (too_deep)',
      'allowed  image   2026-01-02T03:04:05  robots:allow /            http://img.a.test/1.jpg',
      'refused  image   2026-01-02T03:04:05  tdm "location /art/" (tdmrep.json)  http://img.a.test/art/2.jpg',
      'refused  image   2026-01-02T03:04:05  robots:disallow /3        http://b.test:8100/3.jpg',
      '',
      '3 images listed, 2 refused',
      '6 pages listed, 2 refused',
      '  robots:allow        4',
      '  robots:disallow     2',
      '  meta-robots         1',
      '  robots:unreachable  1',
      '  tdm                 1',
      'what became of the pages',
      '  read                   2',
      '  dropped: host_stalled  1',
      '  left_out: too_deep     1',
      '  refused: robots        1',
      '  skipped: http_4xx      1',
      '1 page read whose images were left alone by their own word',
      '1 candidate turned away before anything was asked',
      '',
    ])
  })

  it('lists the pages of a dataset without a ledger by their candidates, each once, and says what is missing', async () => {
    const { stdout } = await list({ only: 'pages' }, { pages: [] })
    expect(stdout.split('\n')).toEqual([
      'allowed  page    2026-01-02T03:04:05  robots:allow /            http://a.test/',
      'allowed  page    2026-01-02T03:04:05  robots:none               http://b.test:8100/p',
      '',
      '2 pages listed, 0 refused',
      '  robots:allow  1',
      '  robots:none   1',
      'there is no page ledger here: pages that were refused, or gave no candidate, are not listed',
      '',
    ])
  })

  it('gives a program one object a line, and people the counts', async () => {
    const { stdout, stderr } = await list({ json: true, refusedOnly: true, only: 'images' }, { pages: [] })
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

  it('says of a page in JSON what became of it', async () => {
    const { stdout } = await list({ json: true, host: 'c.test', only: 'pages' })
    expect(JSON.parse(stdout)).toEqual({
      what: 'page',
      allowed: null,
      url: 'http://c.test/far',
      rule: null,
      value: null,
      source: null,
      checkedAt: null,
      outcome: 'left_out',
      reason: 'too_deep',
      detail: null,
      httpStatus: null,
      depth: 1,
      tries: 0,
      redirectTo: null,
      candidates: null,
      decidedAt,
    })
  })

  it.each<[string, Partial<PermissionsCall['filter']>, number]>([
    ['pages', { only: 'pages' }, 6],
    ['images, also those that a page spoke of', { only: 'images' }, 4],
    ['a host and those below it', { host: 'A.test' }, 5],
    ['a host with its port', { host: 'b.test:8100' }, 3],
    ['no host that only ends alike', { host: 'test:8100' }, 0],
    ['a rule', { rule: 'tdm' }, 1],
    ['a rule and all that it says', { rule: 'robots' }, 7],
    ['what a rule says', { rule: 'robots:disallow' }, 2],
    ['no rule that only begins alike', { rule: 'td' }, 0],
    ['the pages that something became of', { rule: 'http_4xx' }, 1],
    ['what was refused', { refusedOnly: true }, 5],
    ['several at once', { refusedOnly: true, host: 'a.test', rule: 'tdm' }, 1],
  ])('can be told to list %s', async (_, filter, lines) => {
    const { code, stdout } = await list({ json: true, ...filter })
    expect([code, stdout.split('\n').length - 1]).toEqual([0, lines])
  })

  it('lets nothing from the web steer the terminal', async () => {
    const image = { rule: 'robots:disallow /\u001b[2J\n', checkedAt }
    const { stdout } = await list({}, { pages: [], rows: [{ ...rows[0]!, image }] })
    expect(stdout).not.toContain('\u001b')
    expect(stdout.split('\n')[1]).toContain('robots:disallow / [2J')
  })

  it('says what it does not know', async () => {
    expect(await list({}, { rows: [], pages: [] })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'pairmill: nothing is committed in /data yet\n',
    })
    expect(await list({}, { place: '/nowhere' })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'pairmill: /nowhere holds no dataset: there is no such folder\n',
    })
  })

  it('is called by its words', async () => {
    const calls: unknown[] = []
    const permissions = async (call: PermissionsCall) => {
      calls.push(call)
      return 0 as const
    }
    const commands = { permissions } as unknown as Parameters<typeof runProgram>[1]['commands']
    const words = [
      'permissions',
      's3://b/p',
      '--host',
      'a.test',
      '--rule',
      'tdm',
      '--refused',
      '--json',
      '--only',
      'pages',
    ]
    await runProgram(words, { commands, version: '0', stdout: paper(), stderr: paper() })
    await runProgram(['permissions', 'x'], { commands, version: '0', stdout: paper(), stderr: paper() })
    expect(calls).toEqual([
      {
        place: 's3://b/p',
        json: true,
        filter: { only: 'pages', host: 'a.test', rule: 'tdm', refusedOnly: true },
      },
      { place: 'x', json: false, filter: { only: null, host: null, rule: null, refusedOnly: false } },
    ])
  })
})
