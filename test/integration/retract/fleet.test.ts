import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Hub, openRedisHub } from '../../../src/backend/index.js'
import { type Held, holdDataset, type Refused } from '../../../src/retract/index.js'
import { runOwner, schedulerDuty } from '../../../src/run/index.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { hostsDataset } from '../../fixtures/retract/hosts-dataset.js'
import { calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const noLimits = { maxPages: null, maxPairs: null, maxPagesPerHost: null }
const s3 = { endpoint: null, region: null, pathStyle: null }
const run = 'birds'

describe.skipIf(serverCommand === null)(
  `the dataset of a fleet's run${whyNoServer}`,
  { timeout: 120_000 },
  () => {
    let server: RedisServer
    let fleet: Hub
    beforeAll(async () => {
      server = await startRedis()
      const opened = await openRedisHub(server.url, () => {})
      if ('message' in opened) throw new Error(opened.message)
      fleet = opened
    }, 120_000)
    afterAll(async () => {
      await fleet.close()
      await server.close()
    })

    it('is held while its run has ended, and nobody looks after that meanwhile', async () => {
      const dir = join(await tempFolder(), 'dataset')
      const store = await hostsDataset(dir)
      await fleet.backend.openRun(run, {}, noLimits)
      await fleet.backend.offer(run, [], true)
      const createdMs = (await fleet.backend.createdMs(run)) ?? 0
      const owner = Buffer.from(JSON.stringify(runOwner({ run, createdMs }, server.url)))
      await store.putBytes('.pairmill/owner.json', owner, { ifAbsent: true }, calm)
      const hold = (backend: string | null): Promise<Held | Refused> =>
        holdDataset({ place: dir, backend, s3 }, () => {}, calm)

      const unnamed = expect.stringContaining('name that state with --backend')
      expect(await hold(null)).toMatchObject({ problem: 'unusable', message: unnamed })
      const going = expect.stringContaining(`pairmill stop ${run}`)
      expect(await hold(server.url)).toMatchObject({ problem: 'busy', message: going })

      const { seedings } = await fleet.backend.progress(run)
      expect(await fleet.backend.endRun({ run, seedings, as: 'done' })).toBe(true)
      const held = await hold(server.url)
      if (held.kind === 'refused') throw new Error(held.message)
      const duty = { duty: schedulerDuty(run), token: 'a scheduler', leaseMs: 10_000 }
      expect(await fleet.backend.claimDuty(duty)).toBe(false)
      await held.close()
      expect(await fleet.backend.claimDuty(duty)).toBe(true)
      expect(existsSync(join(dir, '.pairmill/lock'))).toBe(false)

      expect(await hold(server.url)).toMatchObject({ problem: 'busy', message: going })
      expect(await hold('redis://127.0.0.1:1')).toMatchObject({ problem: 'backend' })
    })
  },
)
