import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManifestWriter, manifestWriterFor } from '../../../src/run/manifest-writer.js'
import { readGenerations } from '../../../src/shard/index.js'
import { runOptions } from '../../fixtures/options/run-options.js'
import { commitSynthetic, memoryStore } from '../../fixtures/shard/memory-store.js'

const calm = new AbortController().signal

/** A dataset whose shards a test commits, and whose description takes so long to write as the test says. */
function desk(tookMs: () => number = () => 10) {
  let clockMs = 1_000
  let spentMs = 0
  let committed = 0
  let described = 0
  let opened = 0
  /** Resolved by `go`; null = nobody waits for it. */
  let gate: { readonly opened: Promise<void>; go(): void } | null = null
  const written: { readonly complete: boolean; readonly shards: number }[] = []
  const troubles: string[] = []
  const writer = createManifestWriter({
    open: () => {
      opened++
      let shards = 0
      return {
        get shards() {
          return shards
        },
        get isBehind() {
          return shards !== described
        },
        extend: async (signal) => {
          await gate?.opened
          signal.throwIfAborted()
          shards = committed
        },
        write: async (complete) => {
          const ms = tookMs()
          spentMs += ms
          clockMs += ms
          described = shards
          written.push({ complete, shards })
        },
      }
    },
    onTrouble: (error) => troubles.push(String(error)),
    now: () => clockMs,
  })
  const settled = async () => {
    for (let i = 0; i < 5; i++) await setImmediate()
  }
  return {
    ...writer,
    /** A round of the scheduler, and what it began. */
    round: async (nextShard: number) => {
      writer.follow({ nextShard }, calm)
      await settled()
    },
    settled,
    commit: (shards: number) => {
      committed = shards
    },
    wait: (ms: number) => {
      clockMs += ms
    },
    hold: () => {
      let go = () => {}
      const opened = new Promise<void>((resolve) => {
        go = resolve
      })
      gate = { opened, go }
      return () => {
        gate = null
        go()
      }
    },
    written,
    troubles,
    opened: () => opened,
    spentMs: () => spentMs,
    nowMs: () => clockMs,
  }
}

const going = (shards: number) => ({ complete: false, shards })

describe('the description of a dataset', () => {
  it('follows each shard within a second of the last look, while some are to come', async () => {
    const { round, commit, wait, written } = desk()
    await round(0)
    commit(1)
    await round(4)
    expect(written).toEqual([going(1)])
    commit(2)
    wait(999)
    await round(4)
    expect(written).toHaveLength(1)
    wait(1)
    await round(4)
    expect(written).toEqual([going(1), going(2)])
  })

  it('is left as it is where nothing came, and not looked at where all is named', async () => {
    const { round, commit, wait, written, hold } = desk()
    commit(4)
    await round(4)
    expect(written).toEqual([going(4)])
    hold()
    for (let i = 0; i < 10; i++) {
      wait(2_000)
      await round(4)
    }
    expect(written).toHaveLength(1)
  })

  it('is written by one at a time, and nobody waits for it', async () => {
    const { round, commit, hold, settled, written, wait } = desk()
    const go = hold()
    commit(1)
    for (let i = 0; i < 3; i++) {
      await round(4)
      wait(2_000)
    }
    expect(written).toEqual([])
    go()
    await settled()
    expect(written).toEqual([going(1)])
  })

  it('is caught up with once where it was left behind, and else not', async () => {
    const { round, commit, catchUp, written } = desk()
    await catchUp(calm)
    commit(1)
    await round(4)
    commit(2)
    await catchUp(calm)
    await catchUp(calm)
    expect(written).toEqual([going(1), going(2)])
  })

  it('is caught up with where the first shards came after the last round', async () => {
    const { round, commit, catchUp, written } = desk()
    await round(0)
    commit(1)
    await catchUp(calm)
    expect(written).toEqual([going(1)])
  })

  it('is written at the end, after what is under way, however lately it was', async () => {
    const { round, commit, finish, hold, written, opened } = desk()
    commit(1)
    const go = hold()
    await round(4)
    const finished = finish(true, calm)
    go()
    await finished
    expect(written).toEqual([going(1), { complete: true, shards: 1 }])
    await finish(true, calm)
    // After the end somebody else may have changed it.
    expect([written.length, opened()]).toEqual([3, 2])
  })

  it('is broken off where the duty is lost', async () => {
    const { round, commit, drop, hold, settled, written, troubles } = desk()
    commit(1)
    const go = hold()
    await round(4)
    drop()
    go()
    await settled()
    expect([written, troubles]).toEqual([[], []])
  })

  it('is begun with nothing known by who has the duty again', async () => {
    const { round, commit, drop, wait, written, opened } = desk()
    commit(1)
    await round(4)
    drop()
    wait(1_000)
    commit(2)
    await round(4)
    expect([written, opened()]).toEqual([[going(1), going(2)], 2])
  })

  it('stays behind where writing it failed, which is told, and is tried again', async () => {
    let fails = true
    const { round, commit, wait, written, troubles } = desk(() => {
      if (fails) throw new Error('the store is away')
      return 10
    })
    commit(1)
    await round(4)
    await round(4)
    expect(troubles).toEqual(['Error: the store is away'])
    fails = false
    wait(1_000)
    await round(4)
    expect(written).toEqual([going(1)])
  })

  it('of more than 1,000 shards takes no more than a twentieth of the time, however often shards come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ gapMs: fc.nat(2_000), growsMs: fc.nat(50) }), { maxLength: 200 }),
        async (plans) => {
          let tookMs = 100
          const { round, commit, wait, spentMs, nowMs } = desk(() => tookMs)
          let shards = 1_001
          for (const { gapMs, growsMs } of plans) {
            wait(gapMs)
            tookMs += growsMs
            commit(shards++)
            await round(shards)
          }
          // The last one's rest is still to come.
          expect(spentMs() - tookMs).toBeLessThanOrEqual((nowMs() - 1_000) / 20)
        },
      ),
    )
  })
})

describe('the record of a change', () => {
  const archive = { kind: 'archive', place: '/a.warc', base: null } as const
  const columns = { url: 'url', caption: 'text', page: null, licence: null }
  const list = { kind: 'list', path: '/a.csv', format: 'csv', gzip: false, columns } as const

  it.each([
    ['run', true, []],
    ['images', true, [list]],
    ['warc', true, [archive]],
    ['fleet', false, [list]],
  ] as const)('names the command: %s', async (command, isAlone, sources) => {
    const { store, files } = memoryStore()
    commitSynthetic(files, [0, 1])
    const writer = manifestWriterFor({
      ...{ run: 'r', options: runOptions({ sources }), store, model: async () => null, isAlone },
      ...{ onTrouble: () => {}, now: () => 0 },
    })
    await writer.finish(true, calm)
    expect(await readGenerations(store, 1, calm)).toMatchObject([{ command, added: { from: 0, to: 1 } }])
  })
})
