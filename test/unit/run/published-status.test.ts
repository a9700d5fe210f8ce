import { describe, expect, it } from 'vitest'
import type { RunSnapshot, RunState } from '../../../src/run/index.js'
import { claimOutput, folderOwner } from '../../../src/run/output-claim.js'
import { createPublisher, readPublishedStatus } from '../../../src/run/published-status.js'
import { folderStore } from '../../../src/shard/index.js'
import { calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const snapshotOf = (state: RunState, elapsedMs: number): RunSnapshot => ({
  v: 1,
  run: 'run',
  state,
  pid: 7,
  startedAt: '2024-05-01T12:00:00.000Z',
  updatedAt: '2024-05-01T12:00:00.000Z',
  elapsedMs,
  counters: {},
  queues: { urls: 0, hosts: 0, buffered: 0, batches: 0, unplanned: 0, plans: 0 },
  hosts: [],
  model: null,
  dataset: 's3://bucket/prefix',
  note: null,
})
const written = Date.parse('2024-05-01T12:00:00.000Z')

describe('the published status of a run', () => {
  it('is not written again at once while the run goes on, and always at its end', async () => {
    const store = folderStore(await tempFolder())
    const puts: number[] = []
    const publish = createPublisher(
      {
        ...store,
        putBytes: (name, bytes, ...rest) => {
          puts.push((JSON.parse(Buffer.from(bytes).toString()) as RunSnapshot).elapsedMs)
          return store.putBytes(name, bytes, ...rest)
        },
      },
      (error) => expect.unreachable(error.message),
    )
    for (const elapsedMs of [1, 2, 3]) await publish(snapshotOf('running', elapsedMs))
    await publish(snapshotOf('done', 4))
    expect(puts).toEqual([1, 4])
    expect(await readPublishedStatus(store, written, calm)).toMatchObject({ state: 'done', elapsedMs: 4 })
  })

  it('says stopped of a run that has been silent for minutes', async () => {
    const store = folderStore(await tempFolder())
    const publish = createPublisher(store, (error) => expect.unreachable(error.message))
    await publish(snapshotOf('stopped', 1))
    await publish(snapshotOf('running', 2))
    await publish(snapshotOf('failed', 3))
    expect(await readPublishedStatus(store, written + 3_600_000, calm)).toMatchObject({ state: 'failed' })
    const running = Buffer.from(JSON.stringify(snapshotOf('running', 4)))
    await store.putBytes('.pairmill/status.json', running, { ifAbsent: false }, calm)
    expect(await readPublishedStatus(store, written + 60_000, calm)).toMatchObject({ state: 'running' })
    expect(await readPublishedStatus(store, written + 600_000, calm)).toMatchObject({ state: 'stopped' })
  })

  it('that cannot be written is told and does not throw', async () => {
    const store = folderStore(await tempFolder())
    const troubles: string[] = []
    const publish = createPublisher(
      { ...store, putBytes: async () => Promise.reject(new Error('no room')) },
      (error) => troubles.push(error.message),
    )
    await publish(snapshotOf('done', 1))
    expect(troubles).toEqual(['no room'])
  })

  it('that was never written is no run', async () => {
    const store = folderStore(await tempFolder())
    expect(await readPublishedStatus(store, written, calm)).toEqual({
      problem: `${store.url} holds no run: there is no .pairmill/status.json under it`,
    })
  })
})

describe('a place that many machines can reach', () => {
  it('is for the state that claimed it first, however often that starts', async () => {
    const store = folderStore(await tempFolder())
    const [mine, other] = [await tempFolder(), await tempFolder()]
    expect(await claimOutput(store, await folderOwner(mine), calm)).toBeNull()
    expect(await claimOutput(store, await folderOwner(mine), calm)).toBeNull()
    expect(await claimOutput(store, await folderOwner(other), calm)).toContain(
      `belongs to a run whose state is kept in ${mine} on `,
    )
  })

  it('with a claim that cannot be read is for nobody', async () => {
    const store = folderStore(await tempFolder())
    await store.putBytes('.pairmill/owner.json', Buffer.from('{'), { ifAbsent: true }, calm)
    expect(await claimOutput(store, await folderOwner(await tempFolder()), calm)).toContain(
      'is kept elsewhere',
    )
  })
})
