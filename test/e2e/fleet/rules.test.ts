import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { pairsOf, tempFolder } from '../../fixtures/run/pairmill.js'
import { photo, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

describe.skipIf(serverCommand === null)(`site rules in a fleet${whyNoServer}`, { timeout: 300_000 }, () => {
  let server: RedisServer
  let web: TestWeb
  beforeAll(async () => {
    ;[server, web] = await Promise.all([startRedis('--maxmemory-policy', 'noeviction'), startTestWeb()])
    for (const n of [1, 2]) {
      web.serve(
        `a.test/${n}`,
        `<!doctype html><title>x</title><figure><img src="/${n}.jpg" alt="alt of number ${n}"><p>${sentence(n)}</p></figure>`,
      )
      web.picture(`a.test/${n}.jpg`, await photo(900 + n))
    }
  }, 120_000)
  afterAll(async () => {
    await Promise.all([server.close(), web.close()])
  })

  it('are stored with the run: its workers have them, whoever adds seeds, and nobody changes them', async () => {
    const desk = await fleetDesk(`${server.url}?prefix=rules`)
    onTestFinished(desk.close)
    const folder = tempFolder()
    const out = join(folder, 'out')
    const file = (name: string, captions: string) => {
      writeFileSync(join(folder, name), JSON.stringify([{ hosts: 'a.test', captions }]))
      return join(folder, name)
    }
    const calm = ['--model', 'none', '--dedupe', 'off', '--delay-ms', '0', '--max-depth', '0', ...web.words]
    const rules = ['--rules', file('rules.json', 'p')]
    const first = ['crawl', 'http://a.test/1', '--run', 'r', '--out', out]
    expect(await desk.call([...first, ...rules, ...calm])).toMatchObject({ code: 0 })
    const other = ['--rules', file('other.json', 'b')]
    expect(await desk.call(['crawl', 'http://a.test/2', '--run', 'r', ...other])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('--rules'),
    })
    expect(await desk.call(['crawl', 'http://a.test/2', '--run', 'r'])).toMatchObject({ code: 0 })
    expect(await desk.worker('all', '--until-done').ended).toMatchObject({ code: 0 })
    expect(await pairsOf(out)).toEqual([1, 2].map((n) => `http://a.test/${n}.jpg ${sentence(n)}`))
  })
})
