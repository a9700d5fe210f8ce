import { describe, expect, it } from 'vitest'
import { loneHosts } from '../../../../src/workers/inspect/lone-hosts.js'

function hosts() {
  let now = 1_000
  const backend = loneHosts(() => now)
  const reserve = async (host: string, want: number, delayMs: number) => {
    const wish = { perGroup: 8, windowMs: 1_000, guardMs: 100 }
    const [slot] = await backend.reserve({ ...wish, slots: [{ host, want, groups: [] }], delayMs })
    return slot
  }
  const pass = (ms: number) => {
    now += ms
  }
  return { backend, reserve, pass }
}

const record = { key: 'http://a.test', host: 'a.test', record: { kind: 'x' }, detail: '' }

describe('hosts of one process alone', () => {
  it('are asked for a file once while its record is good, by whoever asks first', async () => {
    const { backend, pass } = hosts()
    expect(await backend.claimSiteRecord('http://a.test', 100)).toEqual({ kind: 'fetch' })
    await backend.putSiteRecord({ ...record, ttlMs: 50, crawlDelayMs: 0 })
    expect(await backend.claimSiteRecord('http://a.test', 100)).toEqual({
      kind: 'known',
      record: { kind: 'x' },
    })
    pass(50)
    expect(await backend.claimSiteRecord('http://a.test', 100)).toEqual({ kind: 'fetch' })
  })

  it('have slots as far apart as is asked for, within the window', async () => {
    const { reserve, pass } = hosts()
    expect(await reserve('a.test', 9, 400)).toMatchObject({ granted: 3, inMs: 0, delayMs: 400 })
    expect(await reserve('a.test', 1, 400)).toMatchObject({ granted: 0, inMs: 1_200 })
    expect(await reserve('b.test', 1, 400)).toMatchObject({ granted: 1, inMs: 0 })
    pass(1_000)
    expect(await reserve('a.test', 1, 400)).toMatchObject({ granted: 1, inMs: 200 })
    expect(await reserve('c.test', 99, 0)).toMatchObject({ granted: 99, inMs: 0, delayMs: 0 })
  })

  it('have them farther apart where robots.txt asks for that', async () => {
    const { backend, reserve } = hosts()
    await backend.putSiteRecord({ ...record, ttlMs: 50, crawlDelayMs: 700 })
    await backend.putSiteRecord({ ...record, key: 'http://a.test/ai.txt', ttlMs: 50, crawlDelayMs: 0 })
    expect(await reserve('a.test', 9, 400)).toMatchObject({ granted: 2, delayMs: 700 })
  })
})
