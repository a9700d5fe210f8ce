import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Backend, RunEntry } from '../../../src/backend/backend.js'
import type { WorkQueue } from '../../../src/backend/work-queue.js'
import type { Net } from '../../../src/net/index.js'
import { claimOutput, runOwner } from '../../../src/run/output-claim.js'
import { Pipelines } from '../../../src/run/pipelines.js'
import { folderStore } from '../../../src/shard/index.js'
import { createSemaphore } from '../../../src/timing/semaphore.js'
import { UnderWay } from '../../../src/workers/under-way.js'
import { entry } from '../../fixtures/fleet/fleet-values.js'
import { runOptions } from '../../fixtures/options/run-options.js'
import { tempFolder } from '../../fixtures/run/pairmill.js'

const calm = new AbortController().signal

/** The lines of a process whose visits to hosts wait for `leave`. */
function desk() {
  let options = runOptions({ delayMs: 0, render: 'never', out: tempFolder() })
  let optionsVersion = 0
  let leave = () => {}
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  const nets = { opened: 0, open: 0 }
  /** Of the run that has the name now; null = none has. */
  let made: number | null = 0
  const backend: Partial<Backend> = {
    runs: async (): Promise<RunEntry[]> =>
      made === null ? [] : [entry('r', { createdMs: made, optionsVersion })],
    options: async () => ({ ...options }),
    createdMs: async () => made,
    leaseHost: async () => {
      await left
      return { kind: 'none' }
    },
  }
  const lines = new Pipelines({
    backend: backend as Backend,
    queue: {} as WorkQueue,
    develop: () => Promise.reject(new Error('nothing is developed')),
    decoding: createSemaphore(1),
    openNet: () => {
      nets.opened++
      nets.open++
      const net: Partial<Net> = {
        close: async () => {
          nets.open--
        },
      }
      return net as Net
    },
    openStore: async (place) => folderStore(place),
    openScoring: async () => ({ message: 'none' }),
    claim: (store, run, { backend }, signal) => claimOutput(store, runOwner(run, backend), signal),
    renderer: async () => null,
    observe: () => {},
    underWay: new UnderWay(Date.now),
    settleMs: 0,
    isAlone: true,
    abort: calm,
    now: Date.now,
    random: Math.random,
  })
  const line = async () => {
    const opened = await lines.of('r')
    if (opened === null || 'message' in opened) throw new Error(opened?.message ?? 'no run')
    return opened
  }
  const slowDown = async (delayMs: number) => {
    options = { ...options, delayMs }
    optionsVersion++
    await lines.refresh()
  }
  /** What is closed is closed when those who were given a line had their turn. */
  const settled = async () => {
    for (let i = 0; i < 5; i++) await setImmediate()
    return nets.open
  }
  /** A run of the same name, and with a place of its own. */
  const make = (createdMs: number | null) => {
    made = createdMs
    options = { ...options, out: tempFolder() }
  }
  return { lines, line, nets, leave, slowDown, settled, make }
}

describe('the connections of a run’s line', () => {
  it('are closed when the server was lost, and opened anew', async () => {
    const { lines, line, nets, settled } = desk()
    for (let outage = 0; outage < 20; outage++) {
      await line()
      lines.distrust()
    }
    await line()
    expect(nets.opened).toBe(21)
    expect(await settled()).toBe(1)
    await lines.close()
    expect(nets.open).toBe(0)
  })

  it('are closed when the run’s options change', async () => {
    const { lines, line, slowDown, settled } = desk()
    for (let delayMs = 0; delayMs < 10; delayMs++) {
      await slowDown(delayMs)
      await line()
    }
    expect(await settled()).toBe(1)
    await lines.close()
  })

  it('stay open while somebody looks for work to do with them', async () => {
    const { lines, line, settled } = desk()
    const opened = await line()
    let found = () => {}
    const visiting = opened.visit(
      () =>
        new Promise<void>((resolve) => {
          found = resolve
        }),
    )
    lines.distrust()
    expect(await settled()).toBe(1)
    found()
    await visiting
    expect(await settled()).toBe(0)
    await lines.close()
  })

  it('are opened once for all who ask at the moment of the change', async () => {
    const { lines, line, nets, slowDown, settled } = desk()
    await line()
    await slowDown(500)
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, line))
    expect(others.every((other) => other === first)).toBe(true)
    expect([nets.opened, await settled()]).toEqual([2, 1])
    await lines.close()
  })

  it('are those of the run that has the name now: a line of a forgotten one is given to nobody', async () => {
    const { lines, line, nets, make, settled } = desk()
    const first = await line()
    make(1)
    const second = await line()
    expect(second).not.toBe(first)
    expect([nets.opened, await settled()]).toEqual([2, 1])
    make(null)
    expect(await lines.of('r')).toBeNull()
    expect(await settled()).toBe(0)
    await lines.close()
  })

  it('are closed when the run is listed no more', async () => {
    const { lines, line, make, settled } = desk()
    await line()
    make(null)
    await lines.refresh()
    expect(await settled()).toBe(0)
    await lines.close()
  })

  it('stay open for the visits that are under way', async () => {
    const { lines, line, leave, settled } = desk()
    const visit = (await line()).crawlHost('a.test', calm, calm)
    lines.distrust()
    await line()
    expect(await settled()).toBe(2)
    leave()
    await visit
    expect(await settled()).toBe(1)
    await lines.close()
  })
})
