import { describe, expect, it } from 'vitest'
import { cachedResolve, type Resolve, systemResolve } from '../../../src/net/resolve.js'

function counted(answer: Awaited<ReturnType<Resolve>>) {
  const asked: string[] = []
  const clock = { nowMs: 0 }
  const source: Resolve = async (hostname) => {
    asked.push(hostname)
    return answer
  }
  return { asked, clock, resolve: cachedResolve(source, () => clock.nowMs) }
}

describe('cachedResolve', () => {
  it('keeps addresses for a minute', async () => {
    const { asked, clock, resolve } = counted([{ address: '192.0.2.1', family: 4 }])
    await resolve('a.example')
    clock.nowMs = 59_999
    expect(await resolve('a.example')).toEqual([{ address: '192.0.2.1', family: 4 }])
    expect(asked).toHaveLength(1)
    clock.nowMs = 60_000
    await resolve('a.example')
    expect(asked).toHaveLength(2)
  })

  it('keeps failures for ten seconds', async () => {
    const { asked, clock, resolve } = counted({ error: 'gone' })
    await resolve('a.example')
    clock.nowMs = 9999
    expect(await resolve('a.example')).toEqual({ error: 'gone' })
    expect(asked).toHaveLength(1)
    clock.nowMs = 10_000
    await resolve('a.example')
    expect(asked).toHaveLength(2)
  })

  it('asks once where many ask at a time, and forgets the oldest of very many', async () => {
    const { asked, resolve } = counted([{ address: '192.0.2.1', family: 4 }])
    await Promise.all([resolve('a.example'), resolve('a.example')])
    expect(asked).toHaveLength(1)
    for (let i = 0; i < 10_000; i += 1) await resolve(`${i}.example`)
    await resolve('9999.example')
    expect(asked).toHaveLength(10_001)
    await resolve('a.example')
    expect(asked).toHaveLength(10_002)
  })
})

describe('systemResolve', () => {
  it('knows what the hosts file knows', async () => {
    expect(await systemResolve()('localhost')).toContainEqual({ address: '127.0.0.1', family: 4 })
  })

  it('answers with an error, never a rejection, for what does not exist', async () => {
    expect(await systemResolve()('no-such-name.invalid')).toHaveProperty('error')
    expect(await systemResolve()('no-such-name')).toHaveProperty('error')
  })
})
