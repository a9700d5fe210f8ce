import { describe, expect, it } from 'vitest'
import { renderPair, type ShowCall, type ShowDeps, showCommand } from '../../../src/cli/show.js'
import { type PairAnswer, type StoredPair, UnreadableDataset } from '../../../src/shard/index.js'
import { paper } from '../../fixtures/cli/output.js'

const checkedAt = '2026-01-02T03:04:05.678Z'
const pair: StoredPair = {
  ...{ kind: 'pair', key: '000000007', shard: 0 },
  record: {
    ...{ caption: 'An old mill', url: 'http://a.test/1.jpg', key: '000000007', width: 1200, height: 800 },
    captions: [
      { source: 'alt', text: 'An old mill', score: 0.3125 },
      { source: 'context', text: 'Mills', score: null },
    ],
    permission: { rule: 'robots:allow /', value: 'Allow: /', source: 'robots.txt', checked_at: checkedAt },
    ...{ page_permission: null, tags: ['mill'], credit: null, caption_alt: 'An old mill', language: 'en' },
  },
  picture: { format: 'jpg', bytes: Buffer.alloc(12_345) },
}

async function show(
  answer: PairAnswer | Error,
  call: Partial<ShowCall> = {},
  write: ShowDeps['write'] = () => Promise.resolve(null),
) {
  const [stdout, stderr] = [paper(), paper()]
  const code = await showCommand(
    { ...{ dir: '/d', name: '000000007', out: null, force: false, json: false }, ...call },
    {
      ...{ isPlace: (place) => place === '/d', write, stdout, stderr },
      read: () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)),
    },
  )
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

describe('show', () => {
  it('has the picture, every text with its score, whose word it was, and what else is known', () => {
    expect(renderPair(pair)).toBe(
      [
        'An old mill',
        '  000000007 in shard 0: 1,200 x 800 jpg, 12.3 kB',
        '',
        'Captions, with their scores',
        '  alt      0.313  An old mill',
        '  context         Mills',
        '',
        'On whose word it was fetched',
        `  picture  robots:allow /  Allow: /  robots.txt, ${checkedAt}`,
        '',
        'Record',
        '  url       http://a.test/1.jpg',
        '  tags      ["mill"]',
        '  language  en',
        '',
      ].join('\n'),
    )
  })

  it('reads the record of version 1, which has its lists as they are and times by another name', () => {
    const permission = { rule: 'tdm', value: 'v', source: 's', checkedAt }
    const old = {
      ...pair,
      record: { caption: 'c', captions: JSON.stringify(pair.record.captions), permission },
    }
    expect(renderPair(old)).toContain('  alt      0.313  An old mill')
    expect(renderPair(old)).toContain(`  picture  tdm  v  s, ${checkedAt}`)
  })

  it('prints the record alone as JSON', async () => {
    const { code, stdout, stderr } = await show(pair, { json: true })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual(pair.record)
  })

  it('writes the picture, and replaces a file only where it is told to', async () => {
    const written: unknown[] = []
    const write: ShowDeps['write'] = (path, bytes, force) => {
      written.push([path, bytes.length, force])
      return Promise.resolve(null)
    }
    expect((await show(pair, { out: '/p.jpg', force: true }, write)).stderr).toBe(
      'pairmill: wrote /p.jpg: 12.3 kB of jpg\n',
    )
    expect(written).toEqual([['/p.jpg', 12_345, true]])
    expect(await show(pair, { out: '/p.jpg' }, () => Promise.resolve('exists'))).toEqual({
      ...{
        code: 2,
        stdout: '',
        stderr: 'pairmill: --out: /p.jpg is there already; give another file, or --force\n',
      },
    })
    const full = () => Promise.resolve({ problem: 'cannot be written: ENOSPC' })
    expect(await show(pair, { out: '/p.jpg' }, full)).toEqual({
      ...{ code: 1, stdout: '', stderr: 'pairmill: --out: /p.jpg cannot be written: ENOSPC\n' },
    })
  })

  it.each<[string, PairAnswer | Error, string]>([
    [
      'taken back',
      { kind: 'taken', key: '000000007' },
      '/d has no pair 000000007: its pair was taken back, and no other gets this key',
    ],
    [
      'not there',
      { kind: 'absent', why: 'there is no shard 00000' },
      '/d has no pair 000000007: there is no shard 00000',
    ],
    ['unreadable', new UnreadableDataset('/d: 00000.tar is missing'), '/d: 00000.tar is missing'],
  ])('ends with 1 of a pair that is %s', async (_, answer, message) => {
    expect(await show(answer)).toEqual({ code: 1, stdout: '', stderr: `pairmill: ${message}\n` })
  })

  it('lets a bug through', async () => {
    await expect(show(new TypeError('bug'))).rejects.toThrow('bug')
  })

  it('says of a folder that is none that it is none', async () => {
    expect(await show(pair, { dir: '/e' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no such folder'),
    })
  })

  it('steers no terminal, whatever a site wrote', () => {
    const attack = '\u001b[31m\u202e\r\nFORGED'
    const record = Object.fromEntries(
      Object.entries(pair.record).map(([name, value]) => [`${name}${attack}`, value]),
    )
    const hostile = {
      ...pair.record,
      ...record,
      caption: attack,
      captions: [{ source: attack, text: attack, score: 1 }],
    }
    const text = renderPair({ ...pair, record: { ...hostile, permission: { rule: attack, value: attack } } })
    expect(text).not.toMatch(/[^\P{C}\n]/u)
    expect(text).not.toMatch(/^FORGED/m)
  })
})
