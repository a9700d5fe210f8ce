import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../../src/cli/run.js'
import type { RunEnd, RunPipeline } from '../../../src/run/run-types.js'
import { paper } from '../../fixtures/cli/output.js'
import { snapshotOf } from '../../fixtures/cli/snapshot.js'

const call = {
  seeds: ['https://example.org/'],
  flags: { out: 'pairs', contact: 'ada@example.org' },
  configFile: null,
}
const done = snapshotOf({ state: 'done' })

function ran(pipeline: RunPipeline, changes: Partial<typeof call> = {}, onTerminal = false) {
  const stdout = paper()
  const stderr = paper(onTerminal)
  const signals = new EventEmitter()
  const code = runCommand(
    { ...call, ...changes },
    {
      input: {
        cwd: '/home/ada',
        userAgent: 'pairmill/0.1',
        isFolder: () => false,
        readFile: async () => '',
        readChunks: () => Readable.from([]),
        readStdin: async () => '',
      },
      pipeline,
      environment: {
        hubUrl: 'https://huggingface.co',
        hubToken: null,
        cacheDir: '/home/ada/.cache/pairmill',
        s3: { endpoint: null, region: null, pathStyle: null },
        browser: { path: '', named: null },
      },
      stdout,
      stderr,
      color: false,
      redraw: true,
      unicode: false,
      clock: { now: () => 0, every: () => () => {} },
      signalSource: signals,
      exit: () => {},
    },
  )
  return { code, stdout, stderr, signals }
}

const ending =
  (end: RunEnd): RunPipeline =>
  async () =>
    end

describe('a run', () => {
  it('hands its options and environment on, shows its progress, and ends with the summary', async () => {
    const { code, stdout, stderr } = ran(async (options, environment, hooks) => {
      expect(options).toMatchObject({
        seeds: ['https://example.org/'],
        out: '/home/ada/pairs',
        maxPages: null,
      })
      expect(environment.cacheDir).toBe('/home/ada/.cache/pairmill')
      hooks.onNote('model fetched')
      hooks.onSnapshot(snapshotOf())
      return { kind: 'done', snapshot: done }
    })
    expect(await code).toBe(0)
    expect(stdout.text()).toMatch(/^Done after 1m 14s: 1,204 pairs in 4 shards\.\n/)
    const records = stderr
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; state?: string })
    expect(records.map(({ event, state }) => state ?? event)).toEqual(['note', 'done'])
  })

  it('draws bars where standard error is a terminal', async () => {
    const { code, stderr } = ran(ending({ kind: 'done', snapshot: done }), {}, true)
    await code
    expect(stderr.text()).toMatch(/done {2}1m 14s.*\n.*pages .*\n/)
  })

  it('that could read nothing it was given answers 8', async () => {
    const row = {
      outcome: 'skipped',
      reason: 'http_4xx',
      httpStatus: 404,
      detail: null,
      permission: null,
    } as const
    const seed = 'https://example.org/'
    const unread = {
      seeds: { first: [{ seed, ledTo: seed, row }], more: 2 },
      skipped: { first: [], more: 0 },
    }
    const { code, stdout } = ran(ending({ kind: 'done', snapshot: done, unread }))
    expect(await code).toBe(8)
    expect(stdout.text()).toContain(
      [
        'None of the seeds could be read',
        '  https://example.org/: HTTP 404, the server says it is gone or forbidden (HTTP 4xx)',
        '  and 2 more',
        '',
      ].join('\n'),
    )
  })

  it('that a limit ended is a success', async () => {
    const { code, stdout } = ran(ending({ kind: 'limit', limit: 'max-pairs', snapshot: done }))
    expect(await code).toBe(0)
    expect(stdout.text()).toContain('Stopped at the limit --max-pairs')
  })

  it.each([
    ['locked', 3],
    ['options_differ', 4],
    ['model', 5],
    ['bad_out', 2],
    ['browser', 7],
    ['source', 2],
  ] as const)('that is refused as %s answers %d and says why', async (problem, expected) => {
    const { code, stdout, stderr } = ran(ending({ kind: 'refused', problem, message: 'this is why' }))
    expect(await code).toBe(expected)
    expect(stderr.text()).toBe('pairmill: this is why\n')
    expect(stdout.text()).toBe('')
  })

  it('that is refused for other options shows the difference by flag', async () => {
    const { code, stderr } = ran(
      ending({
        kind: 'refused',
        problem: 'options_differ',
        message: 'the run in /data has other options',
        differences: [
          { option: 'maxTimeMs', was: 1000, is: null },
          { option: 'languages', was: ['en'], is: ['de'] },
        ],
      }),
    )
    expect(await code).toBe(4)
    expect(stderr.text()).toBe(
      [
        'pairmill: the run in /data has other options',
        '  --max-time: the run has 1000, this command says none',
        '  --lang: the run has ["en"], this command says ["de"]',
        '',
      ].join('\n'),
    )
  })

  it('with options that cannot be used starts nothing', async () => {
    const { code, stderr } = ran(() => Promise.reject(new Error('never called')), {
      flags: { out: 'x', contact: 'ada@example.org', ...{ maxPages: 'many' } },
    })
    expect(await code).toBe(2)
    expect(stderr.text()).toBe(
      [
        "pairmill: --max-pages: expected a whole number from 1, or none, got 'many'",
        'Nothing was started. pairmill run --help lists the options.',
        '',
      ].join('\n'),
    )
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('drained after %s answers %d', async (signal, expected) => {
    const { code, stdout, stderr, signals } = ran(
      (_options, _environment, _hooks, { drain }) =>
        new Promise((resolve) => {
          drain.addEventListener('abort', () => resolve({ kind: 'interrupted', snapshot: snapshotOf() }))
          setImmediate(() => signals.emit(signal))
        }),
    )
    expect(await code).toBe(expected)
    expect(stdout.text()).toContain('The same command goes on from here.')
    expect(stderr.text()).toContain(`${signal}: finishing and committing`)
    expect(signals.listenerCount(signal)).toBe(0)
  })

  it('that lets go with an error after the second signal is an interruption, not a failure', async () => {
    const { code, stderr, signals } = ran(
      (_options, _environment, _hooks, { abort }) =>
        new Promise((_, reject) => {
          abort.addEventListener('abort', () => reject(new Error('aborted')))
          setImmediate(() => {
            signals.emit('SIGINT')
            signals.emit('SIGINT')
          })
        }),
    )
    expect(await code).toBe(130)
    expect(stderr.text()).not.toContain('failed')
  })

  it('that fails says so, with the stack, and that it can go on', async () => {
    const { code, stderr } = ran(() => Promise.reject(new Error('disk is gone')))
    expect(await code).toBe(1)
    expect(stderr.text()).toMatch(/^pairmill: the run failed: Error: disk is gone\n\s+at /)
    expect(stderr.text()).toContain('The same command goes on from there.')
  })
})
