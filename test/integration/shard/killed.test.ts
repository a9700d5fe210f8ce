import { existsSync } from 'node:fs'
import { cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  clearScratch,
  compileDataset,
  executePlan,
  folderStore,
  type Manifest,
  readGenerations,
  readPlans,
  type Store,
  verifyDataset,
  writePlan,
} from '../../../src/shard/index.js'
import { afterChanges, killAt } from '../../fixtures/run/moments.js'
import { startCommand } from '../../fixtures/run/pairmill.js'
import { bytesUnder, calm, datasetInfo, planOf, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const built = fileURLToPath(new URL('../../../dist/shard/index.js', import.meta.url))

const program = `
const { folderStore, readPlans, executePlan } = await import(${JSON.stringify(pathToFileURL(built).href)})
const store = folderStore(process.argv[1])
const [plan] = await readPlans(store)
await executePlan({ store }, plan, () => {}, new AbortController().signal)
`

const info = { ...datasetInfo, complete: false }
/** Describes the dataset after each plan, as a run's scheduler does. */
const describing = `
const { Description, folderStore, readPlans, executePlan } = await import(${JSON.stringify(pathToFileURL(built).href)})
const { signal } = new AbortController()
const store = folderStore(process.argv[1])
const plans = await readPlans(store)
const description = new Description(store)
for (const plan of plans) {
  await executePlan({ store }, plan, () => {}, signal)
  await description.extend(signal)
  if (!description.isBehind) continue
  await description.write(${JSON.stringify(info)}, signal)
  }
`

/** Executes plans in a process of its own, which is killed at the n-th change of the dataset; answers whether it had ended. */
async function executeAndKill(dir: string, changes: number, program: string): Promise<boolean> {
  const folders = [dir, join(dir, '.pairmill/entries')]
  await mkdir(folders[1]!, { recursive: true })
  const life = startCommand([process.execPath, '--input-type=module', '-e', program, dir])
  return !(await killAt(life, () => afterChanges('change', folders, changes)))
}

describe.skipIf(!existsSync(built))(
  'a process that executes a plan (skipped where `npm run build` was not run)',
  () => {
    it('can be killed at any moment: verification passes, and the end is the same to the byte', async () => {
      const dir = await tempFolder()
      const store = folderStore(dir)
      const specs = Array.from({ length: 12 }, () => ({ kept: 20, rejected: 30, pictured: true }))
      const plan = await planOf(store, specs, { shardSize: 20 })
      await writePlan(store, plan, calm)
      const undisturbed = join(await tempFolder(), 'undisturbed')
      await cp(dir, undisturbed, { recursive: true })
      await executePlan({ store: folderStore(undisturbed) }, plan, () => {}, calm)

      let kills = 0
      while (kills < 12 && !(await executeAndKill(dir, 1 + ((kills * 5) % 13), program))) {
        kills++
        expect((await verifyDataset(store, () => {}, calm)).problems).toEqual([])
      }
      expect(kills).toBeGreaterThan(2)
      await clearScratch(store)
      await executePlan({ store }, plan, () => {}, calm)
      expect(await bytesUnder(dir)).toEqual(await bytesUnder(undisturbed))
      expect(await readdir(join(dir, '.pairmill/tmp'))).toEqual([])
    }, 120_000)
  },
)

const manifestOf = async (store: Store) => {
  const bytes = await store.read('manifest.json', calm)
  return bytes === null ? null : (JSON.parse(Buffer.from(bytes).toString()) as Manifest)
}

describe.skipIf(!existsSync(built))(
  'a process that describes a dataset as it grows (skipped where `npm run build` was not run)',
  () => {
    it('can be killed at any moment: verification passes, each shard is announced once, and the end is the same', async () => {
      const dir = await tempFolder()
      const store = folderStore(dir)
      for (let n = 0; n < 16; n++) {
        const plan = await planOf(store, [{ kept: 3, rejected: 1 }], { plan: n, firstShard: n })
        await writePlan(store, plan, calm)
      }
      const undisturbed = join(await tempFolder(), 'undisturbed')
      await cp(dir, undisturbed, { recursive: true })
      for (const plan of await readPlans(store))
        await executePlan({ store: folderStore(undisturbed) }, plan, () => {}, calm)
      await compileDataset(folderStore(undisturbed), datasetInfo, calm)

      let kills = 0
      while (kills < 30 && !(await executeAndKill(dir, 1 + ((kills * 5) % 17), describing))) {
        kills++
        expect((await verifyDataset(store, () => {}, calm)).problems).toEqual([])
      }
      expect(kills).toBeGreaterThan(2)
      await clearScratch(store)
      for (const plan of await readPlans(store)) await executePlan({ store }, plan, () => {}, calm)
      await compileDataset(store, datasetInfo, calm)
      expect((await verifyDataset(store, () => {}, calm)).problems).toEqual([])
      const generations = await readGenerations(store, 1, calm)
      const manifest = await manifestOf(store)
      expect(manifest?.generation).toBe(generations.length)
      expect(manifest).toEqual({
        ...(await manifestOf(folderStore(undisturbed))),
        generation: generations.length,
      })
      expect(generations.length).toBeGreaterThan(1)
    }, 120_000)
  },
)
