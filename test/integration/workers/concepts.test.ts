import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Clip, type Concept, loadModel } from '../../../src/filter/index.js'
import { differencesOf, limitsOf, storedOptions } from '../../../src/options/index.js'
import { openTagger } from '../../../src/run/resources.js'
import { smallModelFolder } from '../../fixtures/filter/clip/small-model.js'
import { runOptions } from '../../fixtures/options/run-options.js'

const never = new AbortController().signal
const cat: Concept = { name: 'cat', action: 'drop', prompts: ['a cat'], against: ['a photo'], margin: -2 }

describe('the concepts of a run', () => {
  let clip: Clip
  beforeAll(async () => {
    const source = { hubUrl: '', hubToken: null, cacheDir: '' }
    const loaded = await loadModel(source, smallModelFolder(), { threads: 1 }, () => {}, never)
    if ('kind' in loaded) throw new Error(loaded.message)
    clip = loaded
  })
  afterAll(() => clip.close())

  const image = () => new Float32Array(clip.model.embeddingDim)

  it('are those that were given, whatever the model', async () => {
    const { tagger, note } = await openTagger(clip, [cat], never)
    expect(note).toBeNull()
    expect(tagger?.judge(image())).toEqual({
      tags: ['cat'],
      rejected: { reason: 'concept_dropped', detail: 'cat' },
    })
    expect(await openTagger(clip, [], never)).toEqual({ tagger: null, note: null })
  })

  it('are the default ones with CLIP, and off with another model, which is said', async () => {
    const { tagger, note } = await openTagger(clip, null, never)
    expect(tagger).toBeNull()
    expect(note).toBe(
      'the default tags (unsafe, watermark, text-only, logo, placeholder) are for CLIP ViT-B/32 and are off with this model; --concepts FILE gives it its own',
    )
    const named = await openTagger({ ...clip, model: { ...clip.model, isClip: true } }, null, never)
    expect(named.note).toBeNull()
    expect(named.tagger?.judge(image()).rejected).toBeNull()
  })

  it('are none without a model', async () => {
    expect(await openTagger(null, null, never)).toEqual({ tagger: null, note: null })
  })

  it('must be the same when the run goes on; the order of an object’s keys is not kept and does not count', () => {
    const options = runOptions({ concepts: [cat] })
    const { name, action, prompts, against, margin } = cat
    const stored = { ...storedOptions(options), concepts: [{ margin, name, action, against, prompts }] }
    expect(differencesOf(stored, limitsOf(options), options)).toEqual([])
    const other = runOptions({ concepts: [{ ...cat, margin: 0 }] })
    expect(differencesOf(stored, limitsOf(options), other).map(({ option }) => option)).toEqual(['concepts'])
  })
})
