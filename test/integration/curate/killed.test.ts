import { spawn } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { folderStore, type Store, verifyDataset } from '../../../src/shard/index.js'
import { crawled, numbered } from '../../fixtures/curate/curating.js'
import { bytesUnder, calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const pathOf = (store: Store) => fileURLToPath(store.url)

/** Runs the command; after so many milliseconds it is killed. Answers its exit code; null = it was killed. */
async function curate(words: readonly string[], killAfterMs: number | null): Promise<number | null> {
  const child = spawn(process.execPath, [main, 'curate', ...words, '--progress', 'plain'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  return code
}

/** Everything but what is under construction, and the lock. */
async function bytesOf(dir: string): Promise<Map<string, string>> {
  const bytes = await bytesUnder(dir)
  for (const name of bytes.keys()) if (name.includes('.pairmill/lock')) bytes.delete(name)
  return bytes
}

describe('pairmill curate', () => {
  it('can be killed at any moment: what is there verifies, and the end is the same to the byte', async () => {
    const sources = [await crawled(numbered(150)), await crawled(numbered(60, 1000))]
    const base = await tempFolder()
    const words = [...sources.map(pathOf), '--shuffle', 'x', '--shard-size', '5', '--out']
    const undisturbed = join(base, 'undisturbed')
    expect(await curate([...words, undisturbed], null)).toBe(0)

    const dir = join(base, 'killed')
    let kills = 0
    for (let wait = 250; kills < 40; wait += 35) {
      if ((await curate([...words, dir], wait)) !== null) break
      kills++
      const { problems } = await verifyDataset(folderStore(dir), () => {}, calm)
      expect(problems).toEqual([])
    }
    expect(kills).toBeGreaterThan(2)
    expect(await curate([...words, dir], null)).toBe(0)
    expect(await bytesOf(dir)).toEqual(await bytesOf(undisturbed))
    expect(await curate([...words.slice(0, -1), '--top', '5', '--out', dir], null)).toBe(4)
    await cp(undisturbed, join(base, 'copy'), { recursive: true })
    await rm(join(base, 'copy/.pairmill'), { recursive: true })
    expect((await verifyDataset(folderStore(join(base, 'copy')), () => {}, calm)).problems).toEqual([])
  }, 240_000)
})
