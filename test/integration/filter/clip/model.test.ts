import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type ModelDeps,
  type ModelFiles,
  resolveModel,
  resolveNamed,
} from '../../../../src/filter/clip/model.js'
import { isClipVision, type NamedModel, namedModels } from '../../../../src/filter/clip/named.js'
import type { Precision } from '../../../../src/filter/clip/precision.js'
import { type HubServer, startHub } from '../../../fixtures/filter/clip/hub-server.js'
import { sharedPath, unlessMissing } from '../../../fixtures/filter/clip/shared-files.js'
import {
  preprocessorConfig,
  smallModelFolder,
  temporaryFolder,
} from '../../../fixtures/filter/clip/small-model.js'

const never = new AbortController().signal
const offline: ModelDeps = {
  cacheDir: '/nowhere',
  hubUrl: 'http://127.0.0.1:9',
  token: null,
  fetch: () => Promise.reject(new Error('no network')),
  onProgress: () => undefined,
  retryDelaysMs: [],
}

async function filesOf(folder: string, precision: Precision | null = null): Promise<ModelFiles> {
  const files = await resolveModel(offline, folder, precision, never)
  if (files.kind === 'model_error') throw new Error(files.message)
  return files
}

const messageOf = async (nameOrFolder: string) => {
  const error = await resolveModel(offline, nameOrFolder, null, never)
  return error.kind === 'model_error' ? error.message : null
}

describe('a model folder', () => {
  test('is told by its name and the hash of its files, and has no threshold of its own', async () => {
    const folder = smallModelFolder()
    const files = await filesOf(folder)
    expect(files.id).toMatch(new RegExp(`^${basename(folder)}@[0-9a-f]{8}/pre1$`))
    expect(files).toMatchObject({ defaultThreshold: null, isClip: false, preprocessing: { cropSide: 32 } })
  })

  test('has the same hash in both layouts, and another one when any file changes', async () => {
    const folder = smallModelFolder()
    writeFileSync(join(folder, 'pairmill.json'), '{"name": "m"}')
    const flat = await filesOf(folder)
    mkdirSync(join(folder, 'onnx'))
    renameSync(join(folder, 'vision_model.onnx'), join(folder, 'onnx/vision_model.onnx'))
    renameSync(join(folder, 'text_model.onnx'), join(folder, 'onnx/text_model_quantized.onnx'))
    const nested = await filesOf(folder)
    expect(nested.id).toBe(flat.id)
    expect(nested.textPath).toBe(join(folder, 'onnx/text_model_quantized.onnx'))
    writeFileSync(join(folder, 'preprocessor_config.json'), `${preprocessorConfig(32)}\n`)
    expect((await filesOf(folder)).id).not.toBe(flat.id)
  })

  test('may say its name and threshold in pairmill.json', async () => {
    const folder = smallModelFolder()
    writeFileSync(join(folder, 'pairmill.json'), '{"name": "photos", "threshold": 0.2, "isClip": false}')
    const files = await filesOf(folder)
    expect(files.id).toMatch(/^photos@/)
    expect(files).toMatchObject({ defaultThreshold: 0.2, isClip: false })
    writeFileSync(join(folder, 'pairmill.json'), '{"threshold": 28}')
    expect(await messageOf(folder)).toMatch(/pairmill\.json does not fit: threshold: .*--threshold/)
    writeFileSync(join(folder, 'pairmill.json'), '{')
    expect(await messageOf(folder)).toMatch(/pairmill\.json is no JSON/)
  })

  test('may say which prompts and which temperature suit it', async () => {
    const folder = smallModelFolder()
    expect(await filesOf(folder)).toMatchObject({ templates: null, logitScale: null })
    writeFileSync(join(folder, 'pairmill.json'), '{"templates": ["an icon of {}"], "logitScale": 14.3}')
    expect(await filesOf(folder)).toMatchObject({ templates: ['an icon of {}'], logitScale: 14.3 })
    writeFileSync(join(folder, 'pairmill.json'), '{"templates": ["an icon"]}')
    expect(await messageOf(folder)).toMatch(/pairmill\.json does not fit: templates\.0: a template has \{\}/)
  })

  test('in two precisions gives that which is asked for, fp32 where none is, and says which in its id', async () => {
    const folder = smallModelFolder()
    mkdirSync(join(folder, 'onnx'))
    for (const half of ['vision', 'text']) {
      const bytes = readFileSync(join(folder, `${half}_model.onnx`))
      writeFileSync(join(folder, `onnx/${half}_model_${half === 'text' ? 'int8' : 'quantized'}.onnx`), bytes)
    }
    const found = await Promise.all([null, 'fp32', 'int8'].map((one) => filesOf(folder, one as Precision)))
    const [usual, fp32, int8] = found
    expect(fp32).toEqual(usual)
    expect(usual!.visionPath).toBe(join(folder, 'vision_model.onnx'))
    expect(int8!.visionPath).toBe(join(folder, 'onnx/vision_model_quantized.onnx'))
    expect(int8!.textPath).toBe(join(folder, 'onnx/text_model_int8.onnx'))
    // The very same bytes here: even then a score of the one is no score of the other.
    expect(int8!.id).toBe(`${usual!.id}/int8`)
  })

  test('without the precision that is asked for is refused, with what it has', async () => {
    const folder = smallModelFolder()
    const error = await resolveModel(offline, folder, 'int8', never)
    expect(error).toEqual({
      kind: 'model_error',
      message: expect.stringContaining(
        `--precision int8: the model ${folder} has fp32, and not vision_model_quantized.onnx and text_model_quantized.onnx`,
      ),
    })
  })

  test.each(['vision_model.onnx', 'text_model.onnx', 'tokenizer.json', 'preprocessor_config.json'])(
    'without %s is refused by the name of the file',
    async (name) => {
      const folder = smallModelFolder()
      rmSync(join(folder, name))
      const message = await messageOf(folder)
      expect(message).toContain(`${join(folder, name)} is missing`)
      expect(message).toContain('A model folder holds')
    },
  )

  test('with a broken preprocessor_config.json is refused', async () => {
    const folder = smallModelFolder()
    writeFileSync(join(folder, 'preprocessor_config.json'), preprocessorConfig(32).slice(0, 40))
    expect(await messageOf(folder)).toMatch(/preprocessor_config\.json is no JSON.*Copy the model's own file/)
  })

  test('that is not there is refused with the names that are known', async () => {
    expect(await messageOf('/nowhere/model')).toMatch(
      /^\/nowhere\/model is neither a folder nor a known model \(clip-vit-base-patch32\).*--model DIR/,
    )
    expect(await messageOf('toString')).toMatch(/neither a folder nor a known model/)
  })
})

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const clip = unlessMissing('tokenizer/tokenizer.json')

describe.skipIf(clip.missing)(`a named model${clip.note}`, () => {
  const read = (path: string) => readFileSync(sharedPath(path))
  const hubFiles = () => ({
    '/org/m/resolve/main/onnx/vision.onnx': Buffer.from('a vision model'),
    '/org/m/resolve/main/onnx/text.onnx': Buffer.from('a text model'),
    '/org/m/resolve/main/tokenizer.json': read('tokenizer/tokenizer.json'),
    '/org/m/resolve/main/preprocessor_config.json': read('tokenizer/preprocessor_config.json'),
  })
  const named: NamedModel = {
    repo: 'org/m',
    revision: 'main',
    files: {
      vision: { path: 'onnx/vision.onnx', sha256: sha256Of(Buffer.from('a vision model')) },
      text: { path: 'onnx/text.onnx', sha256: sha256Of(Buffer.from('a text model')) },
      tokenizer: { path: 'tokenizer.json', sha256: null },
      preprocessor: { path: 'preprocessor_config.json', sha256: null },
    },
    inPrecision: {
      fp32: {
        vision: { path: 'onnx/vision.onnx', sha256: sha256Of(Buffer.from('a vision model')) },
        text: { path: 'onnx/text_fp32.onnx', sha256: sha256Of(Buffer.from('a text model, fp32')) },
      },
      int8: {
        vision: { path: 'onnx/vision_int8.onnx', sha256: sha256Of(Buffer.from('a vision model, int8')) },
        text: { path: 'onnx/text.onnx', sha256: sha256Of(Buffer.from('a text model')) },
      },
    },
    threshold: 0.25,
  }
  let cacheDir = ''
  let hub: HubServer | null = null
  beforeAll(() => {
    cacheDir = temporaryFolder()
  })
  afterEach(async () => {
    await hub?.close()
    hub = null
  })
  afterAll(() => rmSync(cacheDir, { recursive: true }))
  const depsOf = (server: HubServer): ModelDeps => ({ ...offline, cacheDir, hubUrl: server.url, fetch })

  test('is fetched in the precision that is asked for, with an id of its own', async () => {
    const others = {
      '/org/m/resolve/main/onnx/vision_int8.onnx': Buffer.from('a vision model, int8'),
      '/org/m/resolve/main/onnx/text_fp32.onnx': Buffer.from('a text model, fp32'),
    }
    hub = await startHub({ ...hubFiles(), ...others })
    const deps = { ...depsOf(hub), cacheDir: join(cacheDir, 'precisions') }
    const found: ModelFiles[] = []
    for (const precision of [null, 'fp32', 'int8'] as const) {
      const files = await resolveNamed(deps, 'm', named, precision, never)
      if (files.kind === 'model_error') throw new Error(files.message)
      found.push(files)
    }
    expect(found.map(({ visionPath, textPath }) => [basename(visionPath), basename(textPath)])).toEqual([
      ['vision.onnx', 'text.onnx'],
      ['vision.onnx', 'text_fp32.onnx'],
      ['vision_int8.onnx', 'text.onnx'],
    ])
    const ids = found.map(({ id }) => id)
    expect(new Set(ids).size).toBe(3)
    expect(ids.map((id) => id.endsWith('/int8'))).toEqual([false, false, true])
  })

  test('is fetched on first use and found in the cache after that', async () => {
    hub = await startHub(hubFiles())
    const first = await resolveNamed(depsOf(hub), 'm', named, null, never)
    expect(first).toMatchObject({ name: 'm', defaultThreshold: 0.25, isClip: true })
    expect(hub.requests).toEqual(Object.keys(hubFiles()))
    expect(await resolveNamed({ ...offline, cacheDir }, 'm', named, null, never)).toEqual(first)
  })

  test('is mended where a cached file was cut short', async () => {
    hub = await startHub(hubFiles())
    writeFileSync(join(cacheDir, 'm/onnx/text.onnx'), 'a text')
    writeFileSync(join(cacheDir, 'm/tokenizer.json'), '{"model"')
    expect((await resolveNamed(depsOf(hub), 'm', named, null, never)).kind).toBe('model_files')
    expect(hub.requests).toEqual(['/org/m/resolve/main/onnx/text.onnx', '/org/m/resolve/main/tokenizer.json'])
  })

  test('with the wrong hash is refused by URL and hash', async () => {
    hub = await startHub({ ...hubFiles(), '/org/m/resolve/main/onnx/vision.onnx': Buffer.from('another') })
    const error = await resolveNamed(depsOf(hub), 'other', named, null, never)
    const wanted = `/onnx/vision.onnx is not the expected file: its SHA-256 is ${sha256Of(Buffer.from('another'))}, not`
    expect(error).toMatchObject({ kind: 'model_error', message: expect.stringContaining(wanted) })
  })

  test('that is a login page in truth is refused', async () => {
    const page = Buffer.from('<html>log in</html>')
    hub = await startHub({ ...hubFiles(), '/org/m/resolve/main/tokenizer.json': page })
    const error = await resolveNamed(depsOf(hub), 'third', named, null, never)
    expect(error).toMatchObject({
      message: expect.stringMatching(/tokenizer\.json is not the expected file: is no JSON/),
    })
  })

  test.each([
    ['image_mean', [0.5, 0.5, 0.5]],
    ['image_std', [0.5, 0.5, 0.5]],
    ['size', { shortest_edge: 256 }],
    ['rescale_factor', 1],
    ['resample', 2],
  ])('whose preprocessor has another %s is refused by the file and the number', async (field, value) => {
    const place = '/org/m/resolve/main/preprocessor_config.json'
    const own = JSON.parse(read('tokenizer/preprocessor_config.json').toString()) as object
    hub = await startHub({ ...hubFiles(), [place]: Buffer.from(JSON.stringify({ ...own, [field]: value })) })
    const error = await resolveNamed(depsOf(hub), `other-${field}`, named, null, never)
    expect(error).toMatchObject({
      kind: 'model_error',
      message: expect.stringMatching(
        new RegExp(
          `/preprocessor_config\\.json is not the expected file: ${field}(: must be| is .*, where CLIP's is)`,
        ),
      ),
    })
  })

  test('whose preprocessor is written as the hub once did is taken', async () => {
    const own = JSON.parse(read('tokenizer/preprocessor_config.json').toString()) as Record<string, unknown>
    const { rescale_factor: _, do_rescale: __, ...rest } = own
    const older = { ...rest, size: 224, crop_size: 224 }
    const place = '/org/m/resolve/main/preprocessor_config.json'
    hub = await startHub({ ...hubFiles(), [place]: Buffer.from(JSON.stringify(older)) })
    expect((await resolveNamed(depsOf(hub), 'older', named, null, never)).kind).toBe('model_files')
  })

  test('whose cached tokenizer was changed says so where the hub cannot be reached', async () => {
    hub = await startHub(hubFiles())
    expect((await resolveNamed(depsOf(hub), 'changed', named, null, never)).kind).toBe('model_files')
    const file = JSON.parse(read('tokenizer/tokenizer.json').toString()) as { model: { merges: unknown[] } }
    file.model.merges.reverse()
    const path = join(cacheDir, 'changed/tokenizer.json')
    writeFileSync(path, JSON.stringify(file))
    expect(await resolveNamed({ ...offline, cacheDir }, 'changed', named, null, never)).toMatchObject({
      message: expect.stringContaining(`${path} is not the expected file: has other merges than CLIP's`),
    })
  })

  test('that the hub does not give says which variable helps', async () => {
    hub = await startHub({})
    const refused = await resolveNamed(depsOf(hub), 'fourth', named, null, never)
    expect(refused).toMatchObject({
      message: expect.stringMatching(/vision\.onnx is refused \(HTTP 404\).*HF_TOKEN/),
    })
    const unreachable = await resolveModel({ ...offline, cacheDir }, 'clip-vit-base-patch32', null, never)
    expect(unreachable).toMatchObject({
      message: expect.stringMatching(
        /^http:\/\/127\.0\.0\.1:9\/Xenova\/clip-vit-base-patch32\/resolve\/main\/onnx\/vision_model\.onnx cannot be fetched \(no network\).*HF_ENDPOINT.*--model DIR/,
      ),
    })
  })

  test('whose cache cannot be written says where the cache is', async () => {
    hub = await startHub(hubFiles())
    const file = join(temporaryFolder(), 'a-file')
    writeFileSync(file, '')
    const error = await resolveModel({ ...depsOf(hub), cacheDir: file }, 'clip-vit-base-patch32', null, never)
    expect(error).toMatchObject({ message: expect.stringContaining(`Named models are kept in ${file}`) })
  })
})

test('the default model is OpenAI’s CLIP, and is known by its vision half also in a folder', () => {
  const model = namedModels['clip-vit-base-patch32']!
  expect(model).toMatchObject({ repo: 'Xenova/clip-vit-base-patch32', threshold: 0.28 })
  expect(isClipVision(model.files.vision.sha256!)).toBe(true)
  expect(isClipVision(sha256Of(Buffer.from('another')))).toBe(false)
})
