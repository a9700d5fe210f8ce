import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withArticle } from '../../../src/demo/captions.js'
import { type Catalogue, heldOutStyle, loadCatalogue } from '../../../src/demo/index.js'
import { encodePicture, lookOf } from '../../../src/demo/picture.js'
import { randomOf, shuffled } from '../../../src/demo/random.js'
import { drawnIn } from '../../../src/demo/site.js'
import { type Clip, embedClasses, openClip, promptsOf, resolveModel } from '../../../src/filter/index.js'

const folder = resolve(import.meta.dirname, '../../../models/demo-drawings')
const missing = !existsSync(join(folder, 'vision_model.onnx'))
const never = new AbortController().signal

/** What the weights in the box reach, less a little; the recipe's aim is 0.8 and 0.99 (see their model card). */
const floors = { top5: 0.78, auc: 0.99 }

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0)

describe.skipIf(missing)(
  `the shipped model, on pictures of a style it never saw${missing ? ' (skipped: models/demo-drawings is not there)' : ''}`,
  { timeout: 240_000 },
  () => {
    let clip: Clip
    let catalogue: Catalogue
    const images: { subject: number; embedding: Float32Array }[] = []
    let classes: Float32Array[]

    beforeAll(async () => {
      catalogue = await loadCatalogue(never)
      const noHub = { cacheDir: '/nowhere', hubUrl: 'http://127.0.0.1:9', hubToken: null } as never
      const files = await resolveModel(noHub, folder, null, never)
      if (files.kind === 'model_error') throw new Error(files.message)
      const opened = await openClip(files, { threads: 2 }, never)
      if ('kind' in opened) throw new Error(opened.message)
      clip = opened
      const templates = clip.model.templates ?? []
      expect(templates.length).toBeGreaterThan(1)
      const named = catalogue.subjects.map(({ name }) => ({ name, prompts: promptsOf(name, templates) }))
      const embedded = await embedClasses(clip.embedTexts, named, never)
      classes = embedded.map(({ embedding }) => embedding)
      const sample = shuffled(randomOf('shipped model'), drawnIn(catalogue, heldOutStyle)).slice(0, 500)
      for (const subject of sample) {
        const drawing = catalogue.drawings.get(heldOutStyle)!.get(subject.id)!
        const file = await encodePicture(drawing, lookOf(randomOf(subject.id), false), 288, 'jpeg')
        const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
        const pixels = await clip.pixelsOf({ pixels: data, width: info.width, height: info.height })
        const [embedding] = await clip.embedImages([pixels], never)
        images.push({ subject: catalogue.subjects.indexOf(subject), embedding: embedding! })
      }
    }, 240_000)
    afterAll(() => clip?.close())

    it('is at most 8 MB, and does not call itself CLIP', () => {
      const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
      expect(bytes).toBeLessThanOrEqual(8_000_000)
      expect(clip.model.isClip).toBe(false)
      expect(clip.model.id).not.toMatch(/clip/i)
      expect(clip.model.defaultThreshold).not.toBeNull()
    })

    it('names them among about 1,600 names', () => {
      let first = 0
      let five = 0
      for (const { subject, embedding } of images) {
        const own = dot(embedding, classes[subject]!)
        const better = classes.filter((text) => dot(embedding, text) > own).length
        if (better === 0) first += 1
        if (better < 5) five += 1
      }
      const share = (count: number) => count / images.length
      console.log(
        `top-1 ${(100 * share(first)).toFixed(1)} %, top-5 ${(100 * share(five)).toFixed(1)} % of ${classes.length} names`,
      )
      expect(share(five)).toBeGreaterThanOrEqual(floors.top5)
    })

    it('tells right captions from wrong ones', async () => {
      const names = images.map(
        ({ subject }) => `a picture of ${withArticle(catalogue.subjects[subject]!.name)}`,
      )
      const texts = await clip.embedTexts(names, never)
      const right = images.map(({ embedding }, i) => dot(embedding, texts[i]!))
      const wrong = images.flatMap(({ embedding }, i) =>
        [1, 57, 211].map((step) => dot(embedding, texts[(i + step) % texts.length]!)),
      )
      const ordered = wrong.toSorted((a, b) => a - b)
      const below = right.map((score) => ordered.filter((other) => other < score).length / ordered.length)
      const auc = below.reduce((a, b) => a + b, 0) / below.length
      console.log(`right against wrong: AUC ${auc.toFixed(4)}`)
      expect(auc).toBeGreaterThanOrEqual(floors.auc)
    })
  },
)
