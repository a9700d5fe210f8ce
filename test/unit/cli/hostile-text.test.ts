import { describe, expect, it } from 'vitest'
import { openDisplay } from '../../../src/cli/display.js'
import { escapedJson, jsonText, table } from '../../../src/cli/figures.js'
import { renderFleet, renderFleetRun } from '../../../src/cli/fleet-status.js'
import { say } from '../../../src/cli/output.js'
import { permissionsCommand } from '../../../src/cli/permissions.js'
import { progressOf } from '../../../src/cli/progress.js'
import { barLines, plainLine, progressRecord } from '../../../src/cli/progress-lines.js'
import { renderStatus, statusCommand } from '../../../src/cli/status.js'
import { renderSummary } from '../../../src/cli/summary.js'
import { renderVerification } from '../../../src/cli/verify.js'
import { watchedFrom, withActivity } from '../../../src/cli/watched.js'
import type { PageRow } from '../../../src/records/index.js'
import type { FleetRunDetails, FleetWorker } from '../../../src/run/index.js'
import { paper } from '../../fixtures/cli/output.js'
import { snapshotOf } from '../../fixtures/cli/snapshot.js'

/** C0, C1 as one character, a title, a turned direction, and line breaks of every kind. */
const attack = '\u001b[31m\u001b]0;PWNED\u0007\u009b2J\u202eabc\r\nFORGED\u2028FORGED\u0085FORGED\u007f'
/** Everything but the program's own line ends. */
const steering = /[^\P{C}\n]|[\u2028\u2029]/u

/** A value whose every text, names of counters too, holds the attack; those that say which case it is stay. */
function hostile<T>(value: T, keep: readonly string[] = []): T {
  if (typeof value === 'string') return (keep.includes(value) ? value : `${value}${attack}`) as T
  if (Array.isArray(value)) return value.map((item) => hostile(item, keep)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      typeof part === 'number' && /:/.test(name) ? `${name}${attack}` : name,
      hostile(part as unknown, keep),
    ]),
  ) as T
}

function expectPlain(text: string): void {
  expect(text).not.toMatch(steering)
  expect(text).not.toMatch(/^FORGED/m)
  expect(text).toContain('PWNED')
}

const now = Date.parse('2026-01-02T03:05:20.500Z')
const snapshot = hostile(snapshotOf({ note: 'a note' }), [snapshotOf().updatedAt, 'running'])
const limits = { maxPages: null, maxPairs: null, maxTimeMs: null }
const wait = hostile({ for: 'robots', host: 'a.test', agoMs: 2000, lengthMs: null } as const, ['robots'])
/** Waits for a hostile host, with nothing noted. */
const watched = withActivity(
  watchedFrom({ ...snapshot, note: null }, now),
  { done: {}, waits: [wait], readShare: 1 },
  now,
)
const worker: FleetWorker = hostile({
  worker: 'w1',
  agoMs: 1,
  places: { session: 3 },
  active: 1,
  startedAtMs: now,
  problems: { birds: 'no model' },
  reads: null,
})
const run: FleetRunDetails = hostile(
  {
    run: 'birds',
    state: 'running',
    note: 'a note',
    createdMs: now,
    elapsedMs: 1,
    dataset: 's3://b/p',
    model: { id: 'm', isClip: true, threshold: 0.2 },
    counters: snapshotOf().counters,
    queues: snapshotOf().queues,
    hosts: snapshotOf().hosts,
    openSources: ['/lists/a.csv'],
  },
  ['running'],
)

describe('what comes from a file, a server or a site', () => {
  it.each<[string, () => string]>([
    ['the status of a folder', () => renderStatus(snapshot, now)],
    ['the runs of a fleet', () => renderFleet([run], [worker], now)],
    ['one run of a fleet', () => renderFleetRun(run, [worker], now)],
    [
      'the summary of a run',
      () =>
        renderSummary(
          { kind: 'done', snapshot },
          { threshold: null, imageFormat: 'jpg', out: `/data/x${attack}` },
          { columns: 80, color: false, unicode: true },
        ),
    ],
    [
      'what verify found',
      () =>
        renderVerification(
          `/d${attack}`,
          hostile({
            problems: [{ shard: 1, key: 'k', file: 'f', message: 'm' }],
            shards: 1,
            samples: 1,
            rows: 1,
            pages: 0,
            underWay: [],
            change: { generation: 2, command: 'c', reason: 'r', files: 1, done: 0 },
            isCopy: false,
          }),
        ),
    ],
    [
      'the progress of a run',
      () =>
        barLines(progressOf(watched, limits, now), { columns: 200, color: false, unicode: true }).join('\n'),
    ],
    ['the progress of a run in a line', () => plainLine(progressOf(watched, limits, now))],
    [
      'the progress of a run for a program',
      () => jsonText(progressRecord(progressOf(watched, limits, now), now)),
    ],
    ['a table', () => table([[attack, 'b']], ['left', 'right']).join('\n')],
    [
      'a message',
      () => {
        const output = paper()
        say(output, `not found: ${attack}`)
        return output.text()
      },
    ],
  ])('steers no terminal in %s, and forges no line', (_, text) => expectPlain(text()))

  it('steers none in a note above the bars either: what moves the cursor is the display alone', () => {
    const output = paper(true)
    const display = openDisplay('bars', {
      output,
      limits,
      color: false,
      unicode: true,
      clock: { now: () => now, every: () => () => {} },
    })
    display.note(`a note ${attack}`)
    display.show(snapshot)
    display.close()
    const own = new RegExp(`${String.fromCharCode(0x1b)}\\[(?:\\d*A\\r|K|J)`, 'g')
    expectPlain(output.text().replace(own, ''))
  })

  it('steers none in the list of permissions and in its counts', async () => {
    const permission = { rule: `robots:allow${attack} /`, value: 'v', source: 's', checkedAt: 'now' }
    const page: PageRow = {
      ...hostile({ url: 'http://a.test/', host: 'a.test', reason: 'r', detail: 'd', redirectTo: null }),
      outcome: 'skipped',
      httpStatus: 200,
      depth: 0,
      tries: 1,
      candidates: null,
      permission: hostile(permission),
      imagesRefusal: hostile({ ...permission, rule: 'tdm' }),
      decidedAt: `now${attack}`,
    }
    const list = async (json: boolean, host: string | null = null) => {
      const [stdout, stderr] = [paper(), paper()]
      const code = await permissionsCommand(
        { place: '/d', json, filter: { only: null, host, rule: null, refusedOnly: false } },
        {
          isPlace: () => true,
          pages: async function* () {
            yield page
            yield { ...page, url: `no URL${attack}` }
          },
          decisions: async function* () {},
          stdout,
          stderr,
        },
      )
      expect(code).toBe(0)
      return { stdout: stdout.text(), stderr: stderr.text() }
    }
    expectPlain((await list(false)).stdout)
    const json = await list(true)
    expectPlain(json.stdout)
    expectPlain(json.stderr)
    expect(JSON.parse(json.stdout.split('\n')[0] ?? '')).toMatchObject({ url: page.url })
    // What is no URL is on no host.
    await list(false, 'a.test')
  })

  it('is whole in JSON, and steers nothing there', async () => {
    expect(jsonText({ a: 'b\u009b\u202e\u2028\u007f' })).toBe('{"a":"b\\u009b\\u202e\\u2028\\u007f"}')
    expect(JSON.parse(jsonText({ attack }))).toEqual({ attack })
    expect(JSON.parse(escapedJson(`${JSON.stringify({ attack })}\n`))).toEqual({ attack })
    const stdout = paper()
    const code = await statusCommand(
      { target: 'd', backend: null, watch: false, json: true },
      {
        cwd: '/',
        isFolder: () => true,
        readStatus: async () => ({ ...snapshot, note: 'redis://ada:hunter2@h/0 is away' }),
        fleetUrl: null,
        openRedisHub: async () => ({ message: '' }),
        stdout,
        stderr: paper(),
        now: () => now,
        pause: async () => {},
      },
    )
    expect(code).toBe(0)
    expectPlain(stdout.text())
    expect(JSON.parse(stdout.text())).toEqual({ ...snapshot, note: 'redis://***@h/0 is away' })
  })
})
