import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { lacks } from '../../fixtures/docs/python.js'
import { numberedIn } from '../../fixtures/feed/numbered-sets.js'
import {
  because,
  fed,
  hasCommand,
  lacksPinned,
  pasted,
  pinnedWebdataset,
} from '../../fixtures/feed/pasted.js'
import { serveFolder } from '../../fixtures/feed/served.js'
import { pairmill, tempFolder } from '../../fixtures/run/pairmill.js'

const noTorch = lacks('torch, webdataset, numpy, PIL')
const noPinned = noTorch ?? lacksPinned()
const noDatasets = noTorch ?? lacks('datasets')
const noEnergon = noTorch ?? lacks('megatron.energon')

const versions = [
  ['1.0.2', noTorch, {}],
  ['0.2.86', noPinned, { PYTHONPATH: pinnedWebdataset }],
] as const

const printTexts = `
import json
print(json.dumps([text for image, text in pairs if image.size[1] == 12]))
`
const printWorkersTexts = `
import json, torch
print(json.dumps([text for image, text in torch.utils.data.DataLoader(pairs, batch_size=None, num_workers=2)]))
`

/** Two nodes, as torchrun tells them of each other. */
const ranks = [0, 1].map((rank) => ({ RANK: String(rank), WORLD_SIZE: '2' }))

const restOf = `
import json
seen = [[text for image, text in batch] for batch, _ in zip(batches, range(12))]
print(json.dumps([text for batch in seen for text in batch]))
`

describe('lines that are pasted as they are', { timeout: 300_000 }, () => {
  const folder = tempFolder()
  /** A name that shells, Python and brace expansion take for their own. */
  const odd = join(folder, "it's {a,b} $x {0..2} ü :: 写真")
  const plain = join(folder, 'plain')
  const other = join(folder, 'other')
  let texts: string[]
  let otherTexts: string[]
  beforeAll(async () => {
    texts = await numberedIn(odd, [6, 0, 5, 6, 6])
    await numberedIn(plain, [6, 0, 5, 6, 6])
    otherTexts = await numberedIn(other, [0, 0, 0, 0, 0, 3, 4])
  })

  describe.each(versions)('webdataset %s', (_, lacking, env) => {
    const open = it.skipIf(lacking !== null)

    open(`reads each pair once, from a folder of any name${because(lacking)}`, async () => {
      const { linesOf } = await fed([odd, '--workers', '2'])
      const read = (await pasted(linesOf('webdataset'), printTexts, env)) as string[]
      expect(read.toSorted()).toEqual(texts.toSorted())
    })

    open(`gives two nodes as many pairs, and none to both${because(lacking)}`, async () => {
      const { linesOf } = await fed([plain, '--gpus', '2', '--workers', '2'])
      const read = await Promise.all(
        ranks.map((rank) => pasted(linesOf('webdataset'), printWorkersTexts, { ...env, ...rank })),
      )
      const [first = [], second = []] = read as string[][]
      // 23 pairs, four loaders.
      expect([first.length, second.length]).toEqual([10, 10])
      expect(first.filter((text) => second.includes(text))).toEqual([])
      for (const text of [...first, ...second]) expect(texts).toContain(text)
    })

    open(`draws shards by chance where there are fewer than loaders${because(lacking)}`, async () => {
      const { linesOf } = await fed([plain, '--gpus', '3', '--workers', '2'])
      const rank = { RANK: '2', WORLD_SIZE: '3' }
      const read = (await pasted(linesOf('webdataset'), printWorkersTexts, { ...env, ...rank })) as string[]
      expect(read).toHaveLength(6)
      for (const text of read) expect(texts).toContain(text)
    })

    open(`joins two datasets${because(lacking)}`, async () => {
      const { linesOf } = await fed([odd, other])
      const read = (await pasted(linesOf('webdataset'), printTexts, env)) as string[]
      expect(read.toSorted()).toEqual([...texts, ...otherTexts].toSorted())
    })

    open(`mixes two datasets by their weights${because(lacking)}`, async () => {
      const { linesOf } = await fed([`${plain}:0.9,${other}:0.1`, '--workers', '2'])
      const more = `\npairs = pairs.with_epoch(600)\n${printTexts}`
      const read = (await pasted(linesOf('webdataset'), more, env)) as string[]
      expect(read).toHaveLength(600)
      const share = read.filter((text) => otherTexts.includes(text)).length / 600
      expect(share).toBeGreaterThan(0.04)
      expect(share).toBeLessThan(0.16)
    })

    open(`gives batches of tensors to PyTorch${because(lacking)}`, async () => {
      const { linesOf } = await fed([odd, '--workers', '2'])
      const print = `
import json
if __name__ == "__main__":
    print(json.dumps([[list(images.shape), list(texts)] for images, texts in batches]))
`
      const read = (await pasted(linesOf('pytorch'), print, env)) as [number[], string[]][]
      expect(read.flatMap(([, batch]) => batch).toSorted()).toEqual(texts.toSorted())
      expect(read[0]?.[0].slice(1)).toEqual([3, 224, 224])
    })
  })

  it('are printed for people as they are in JSON', async () => {
    const { recipes } = await fed([odd])
    const { stdout, code } = await pairmill(['feed', odd])
    expect(code).toBe(0)
    for (const { lines } of recipes)
      if (lines.length > 0) expect(stdout).toContain(`\n\n${lines.join('\n')}\n`)
  })

  it('validate on what a split holds back', async () => {
    const split = tempFolder()
    await numberedIn(join(split, 'train'), [3, 4])
    await numberedIn(join(split, 'val'), [2])
    const { recipes, facts } = await fed([split])
    expect(facts).toMatchObject({ sets: [{ samples: 7 }], validation: { samples: 2 } })
    expect(recipes[0]?.lines[0]).toContain(`--val-data ${split}/val/00000.tar --val-num-samples 2 `)
  })

  const noCurl = noTorch ?? (hasCommand('curl') ? null : 'no curl')
  it.skipIf(noCurl !== null)(`read behind a server, by curl${because(noCurl)}`, async () => {
    const { linesOf } = await fed([`${await serveFolder(plain)}/`, '--workers', '2'])
    const read = (await pasted(linesOf('webdataset'), printTexts)) as string[]
    expect(read.toSorted()).toEqual(texts.toSorted())
  })

  describe('Hugging Face datasets', () => {
    const open = it.skipIf(noDatasets !== null)
    const print = 'import json\nprint(json.dumps([[pair["txt"], pair["jpg"].size[1]] for pair in pairs]))\n'

    open(`reads each pair once, by two ranks too${because(noDatasets)}`, async () => {
      const one = (await pasted((await fed([plain])).linesOf('datasets'), print)) as [string, number][]
      expect(one.map(([text]) => text).toSorted()).toEqual(texts.toSorted())
      expect(new Set(one.map(([, height]) => height))).toEqual(new Set([12]))
      const { linesOf } = await fed([plain, '--gpus', '2'])
      const both = await Promise.all(ranks.map((rank) => pasted(linesOf('datasets'), print, rank)))
      const read = (both as [string, number][][]).flat().map(([text]) => text)
      expect(read.toSorted()).toEqual(texts.toSorted())
    })

    open(`joins and mixes two datasets${because(noDatasets)}`, async () => {
      const printText = 'import json\nprint(json.dumps([pair["txt"] for pair in pairs]))\n'
      const joined = await pasted((await fed([plain, other])).linesOf('datasets'), printText)
      expect((joined as string[]).toSorted()).toEqual([...texts, ...otherTexts].toSorted())
      const mixed = await pasted((await fed([`${plain}:0.5,${other}:0.5`])).linesOf('datasets'), printText)
      expect(new Set(mixed as string[])).toEqual(new Set([...texts, ...otherTexts]))
    })

    it('is told that it takes some names for patterns', async () => {
      const { recipes } = await fed([odd])
      const recipe = recipes.find(({ consumer }) => consumer === 'datasets')
      expect([recipe?.lines, recipe?.notes.join(' ')]).toEqual([
        [],
        expect.stringContaining('rename the folder'),
      ])
    })
  })

  describe('Megatron-Energon', () => {
    const open = it.skipIf(noEnergon !== null)

    open(`reads every pair, from a folder of any name${because(noEnergon)}`, async () => {
      const { linesOf } = await fed([odd, '--workers', '0'])
      expect(new Set((await pasted(linesOf('energon'), restOf)) as string[])).toEqual(new Set(texts))
    })

    open(`mixes two datasets${because(noEnergon)}`, async () => {
      const { linesOf } = await fed([`${odd}:0.5,${other}:0.5`, '--workers', '0'])
      const read = new Set((await pasted(linesOf('energon'), restOf)) as string[])
      expect(read).toEqual(new Set([...texts, ...otherTexts]))
    })
  })
})
