import { describe, expect, test } from 'vitest'
import type { WorkEvent } from '../../../../src/run/observe/events.js'
import { createLog, type LogLevel, withoutSecrets } from '../../../../src/run/observe/log.js'

function logOf(level: LogLevel = 'info') {
  const lines: Record<string, unknown>[] = []
  let nowMs = 0
  const log = createLog({ level, write: (line) => lines.push(JSON.parse(line)), now: () => nowMs })
  return {
    lines,
    tell: (event: WorkEvent, afterMs = 0) => {
      nowMs += afterMs
      log(event)
    },
  }
}
const trouble = (
  message: string,
  run: string | null = 'birds',
  key: string | null = 'a.test',
): WorkEvent => ({
  kind: 'trouble',
  run,
  key,
  message,
})
const visited: WorkEvent = {
  kind: 'visited',
  work: 'batch',
  run: 'birds',
  key: '17',
  ms: 12,
  again: false,
}

describe('a log line', () => {
  test('names the run, and the host, batch or plan under its own name', () => {
    const { lines, tell } = logOf('debug')
    tell(visited)
    tell({ kind: 'lease_lost', work: 'session', run: 'birds', key: 'a.test' })
    tell({ kind: 'lease_lost', work: 'plan', run: 'birds', key: '3' })
    expect(lines).toEqual([
      expect.objectContaining({ level: 'debug', run: 'birds', batch: '17', ms: 12, msg: 'visited' }),
      expect.objectContaining({ level: 'info', run: 'birds', host: 'a.test' }),
      expect.objectContaining({ level: 'info', run: 'birds', plan: '3' }),
    ])
  })

  test('says what people should know, that is no failure, as information', () => {
    const { lines, tell } = logOf('info')
    tell({ kind: 'notice', message: 'no Chromium was found' })
    expect(lines).toEqual([expect.objectContaining({ level: 'info', msg: 'no Chromium was found' })])
  })

  test('is written only from the chosen level on: ends at info, troubles as warnings, problems as errors', () => {
    const events: WorkEvent[] = [
      visited,
      { kind: 'run_ended', run: 'birds', as: 'done' },
      trouble('away'),
      { kind: 'problem', run: 'birds', message: 'no model' },
    ]
    const levelsAt = (level: LogLevel) => {
      const { lines, tell } = logOf(level)
      for (const event of events) tell(event)
      return lines.map((line) => line.level)
    }
    expect(levelsAt('debug')).toEqual(['debug', 'info', 'warn', 'error'])
    expect(levelsAt('info')).toEqual(['info', 'warn', 'error'])
    expect(levelsAt('error')).toEqual(['error'])
    expect(levelsAt('silent')).toEqual([])
  })

  test('leaves out what an event does not have', () => {
    const { lines, tell } = logOf()
    tell(trouble('away', null, null))
    expect(Object.keys(lines[0]!)).toEqual(expect.not.arrayContaining(['run', 'key', 'host']))
  })
})

describe('a failure that is met again and again', () => {
  test('is told once in ten seconds, with how many it stands for', () => {
    const { lines, tell } = logOf()
    for (let i = 0; i < 25; i++) tell(trouble('away'), 1_000)
    expect(lines.map(({ msg, repeated }) => [msg, repeated])).toEqual([
      ['away', undefined],
      ['away', 9],
      ['away', 10],
    ])
  })

  test('is counted to the end, whatever comes after it', () => {
    const { lines, tell } = logOf()
    tell(trouble('away'))
    tell(trouble('away'))
    tell(visited, 10_000)
    tell(visited, 10_000)
    expect(lines.map(({ msg, repeated }) => [msg, repeated])).toEqual([
      ['away', undefined],
      ['away', undefined],
    ])
  })

  test('does not hide another one', () => {
    const { lines, tell } = logOf()
    tell(trouble('one'))
    tell(trouble('two'))
    tell(trouble('one'))
    expect(lines.map(({ msg }) => msg)).toEqual(['one', 'two'])
  })

  test('is not held without end where each message differs', () => {
    const { lines, tell } = logOf()
    tell(trouble('first'))
    tell(trouble('first'))
    for (let i = 0; i < 1_500; i++) tell(trouble(`other ${i}`))
    expect(lines.filter(({ msg }) => msg === 'first')).toHaveLength(2)
    expect(lines).toHaveLength(1_502)
  })
})

test('secrets in messages are struck out: passwords of URLs, signatures and tokens', () => {
  const given =
    'redis://admin:hunter2@10.0.0.5:6379/0 and https://b.test/o?X-Amz-Credential=AKIA%2Fx&X-Amz-Signature=ab12&partNumber=3 and wss://t0ken@h.test/ lost'
  expect(withoutSecrets(given)).toBe(
    'redis://***@10.0.0.5:6379/0 and https://b.test/o?X-Amz-Credential=***&X-Amz-Signature=***&partNumber=3 and wss://***@h.test/ lost',
  )
  const { lines, tell } = logOf()
  tell(trouble(given))
  expect(JSON.stringify(lines)).not.toMatch(/hunter2|AKIA|ab12|t0ken/)
  expect(withoutSecrets('https://a.test/page?id=1 mail me@a.test')).toBe(
    'https://a.test/page?id=1 mail me@a.test',
  )
})
