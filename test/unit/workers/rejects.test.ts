import { describe, expect, it } from 'vitest'
import { digestsOfHex, rejectEntries, sha256Of } from '../../../src/records/index.js'
import {
  encodeRejectFile,
  encodeRetracted,
  rejectListName,
  retractedName,
  storeRejectFile,
} from '../../../src/shard/index.js'
import { openRejects } from '../../../src/workers/index.js'

const { signal } = new AbortController()

/** Entries that refuse a host. */
const refusing = (...hosts: string[]) =>
  rejectEntries((kind, width) =>
    digestsOfHex(width, kind === 'hosts' ? hosts.map((host) => sha256Of(host).toString('hex')) : []),
  )

/** A store in memory that counts how often its tombstones are read. */
function memoryStore() {
  const files = new Map<string, Uint8Array>()
  const read: string[] = []
  return {
    files,
    read,
    store: {
      url: 'file:///data',
      read: async (name: string) => {
        read.push(name)
        return files.get(name) ?? null
      },
      stat: async (name: string) => {
        const bytes = files.get(name)
        return bytes === undefined ? null : { size: bytes.length }
      },
      putBytes: async (name: string, bytes: Uint8Array) => {
        files.set(name, bytes)
        return 'stored' as const
      },
    },
  }
}

describe('what a run may never take', () => {
  it('is what its lists say, and what was taken back from its dataset', async () => {
    const { store, files } = memoryStore()
    const list = encodeRejectFile(refusing('a.test'))
    await storeRejectFile(store, list, signal)
    files.set(retractedName, encodeRetracted(refusing('b.test')))
    const rejects = await openRejects(
      { store, lists: [list.sha256], onTrouble: () => {}, now: () => 0 },
      signal,
    )
    const refusals = await rejects.current(signal)
    expect(refusals.ofUrls(['http://a.test/'])).toBe('listed')
    expect(refusals.ofUrls(['http://b.test/'])).toBe('retracted')
    expect(refusals.ofUrls(['http://a.test/', null, 'http://b.test/'])).toBe('retracted')
    expect(refusals.ofUrls(['http://c.test/', null])).toBe(null)
  })

  it('is not known where a list is gone, or is another', async () => {
    const { store, files } = memoryStore()
    const { sha256, bytes } = encodeRejectFile(refusing('a.test'))
    const open = () => openRejects({ store, lists: [sha256], onTrouble: () => {}, now: () => 0 }, signal)
    await expect(open()).rejects.toThrow('a list of the run is gone')
    files.set(rejectListName(sha256), bytes.subarray(1))
    await expect(open()).rejects.toThrow('it is not the list that the run was given')
  })

  it('learns of a tombstone five seconds later at most, and reads the file only when it has grown', async () => {
    const { store, files, read } = memoryStore()
    let nowMs = 0
    const rejects = await openRejects({ store, lists: [], onTrouble: () => {}, now: () => nowMs }, signal)
    const verdict = async () => (await rejects.current(signal)).ofUrls(['http://a.test/'])
    expect(await verdict()).toBe(null)
    files.set(retractedName, encodeRetracted(refusing('a.test')))
    nowMs = 4_999
    expect(await verdict()).toBe(null)
    nowMs = 5_000
    expect(await Promise.all([verdict(), verdict()])).toEqual(['retracted', 'retracted'])
    const reads = read.length
    nowMs = 60_000
    expect(await verdict()).toBe('retracted')
    expect(read).toHaveLength(reads)
  })

  it('is what it was where the store does not answer for a while', async () => {
    const { store, files } = memoryStore()
    files.set(retractedName, encodeRetracted(refusing('a.test')))
    const troubles: string[] = []
    let nowMs = 0
    let isAway = false
    const stat = async (name: string) => {
      if (isAway) throw new Error('it is away')
      return store.stat(name)
    }
    const onTrouble = ({ message }: Error) => void troubles.push(message)
    const rejects = await openRejects(
      { store: { ...store, stat }, lists: [], onTrouble, now: () => nowMs },
      signal,
    )
    isAway = true
    nowMs = 5_000
    expect((await rejects.current(signal)).ofUrls(['http://a.test/'])).toBe('retracted')
    expect(troubles).toEqual(['it is away'])
  })
})
