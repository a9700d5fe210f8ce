import { describe, expect, it } from 'vitest'
import { S3Error } from '../../../src/shard/index.js'
import { batchDesk, leaseOf } from '../../fixtures/workers/batch-desk.js'

const { image, open } = batchDesk()

describe('a batch', () => {
  const away = new S3Error('the store does not answer', {
    kind: 'passing',
    code: 'ECONNREFUSED',
    status: null,
    detail: null,
  })

  it('whose store is away is stored when it is back, under another name, and no image is asked for again', async () => {
    const names: string[] = []
    let fetched = 0
    const { visit, commits, released, parts, troubles } = open({
      lease: leaseOf('cat'),
      fetch: async () => {
        fetched++
        return { kind: 'response', head: { status: 200, headers: {} }, body: image(), stopped: false }
      },
      // What was given up may have come to be stored.
      putFile: (put) => async (name, path, options, signal) => {
        names.push(name)
        const outcome = await put(name, path, options, signal)
        if (names.length === 1) throw away
        return outcome
      },
    })
    expect(await visit()).toEqual({ kind: 'done' })
    expect([fetched, released, troubles]).toEqual([1, [], [away.message]])
    expect(new Set(names).size).toBe(2)
    expect(commits.map(({ part }) => part!.name)).toEqual([names[1]])
    expect(parts().toSorted()).toEqual(names.toSorted())
  })

  it('whose store is away is given back by a process that drains', async () => {
    const drain = new AbortController()
    const { visit, commits, released, troubles } = open({
      lease: leaseOf('cat'),
      putFile: () => async () => {
        drain.abort(new Error('stop'))
        throw away
      },
    })
    await expect(visit(drain.signal)).rejects.toBe(away)
    expect([commits, released, troubles]).toEqual([[], [{ failed: false }], []])
  })
})
