import { readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { requestsOf, stormsOn } from '../../fixtures/fleet/storm.js'
import { type RedisServer, serverCommand, whyNoServer } from '../../fixtures/redis/server.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

describe.skipIf(serverCommand === null)(
  `a fleet whose server is lost for a while${whyNoServer}`,
  { timeout: 400_000 },
  () => {
    let web: TestWeb
    let underWay: Awaited<ReturnType<typeof stormsOn>>
    beforeAll(async () => {
      web = await startTestWeb()
      underWay = await stormsOn(web)
    }, 180_000)
    afterAll(() => web.close())

    it('waits for a server that is stopped for 20 s, and goes on', async () => {
      const storm = await underWay()
      await requestsOf(web, 60)
      storm.server.pause()
      await setTimeout(20_000)
      storm.server.resume()
      await storm.comesToTheSame()
    })

    it('goes on where the server is killed and started again', async () => {
      const storm = await underWay()
      for (let i = 0; i < 3; i++) {
        await requestsOf(web, 40)
        await storm.server.kill()
        await storm.server.start()
      }
      await storm.comesToTheSame()
    })

    it('comes to the same pairs where the server loses its last two seconds', async () => {
      const storm = await underWay()
      await requestsOf(web, 100)
      const sizes = logSizes(storm.server)
      await setTimeout(2_000)
      await storm.server.kill()
      for (const [path, size] of sizes) truncateSync(path, size)
      await storm.server.start()
      await storm.comesToTheSame()
    })
  },
)

/** Sizes of the files that the server adds its writes to. */
function logSizes(server: RedisServer): [string, number][] {
  const folder = join(server.folder, 'appendonlydir')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.incr.aof'))
    .map((name) => [join(folder, name), statSync(join(folder, name)).size])
}
