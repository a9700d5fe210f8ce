import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClassifyCall, type ClassifyDeps, classifyCommand } from '../../../src/cli/classify.js'
import { loadModel } from '../../../src/filter/index.js'
import { paper } from '../../fixtures/cli/output.js'
import { sharedPath } from '../../fixtures/filter/clip/shared-files.js'
import { smallModelFolder } from '../../fixtures/filter/clip/small-model.js'

const never = new AbortController().signal
const source = { hubUrl: 'http://127.0.0.1:1', hubToken: null, cacheDir: join(tmpdir(), 'pairmill-no-cache') }

let folder = ''
let model = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pairmill-classify-'))
  model = smallModelFolder()
  await writeFile(join(folder, 'classes.txt'), '# two of them\ncat\n\n  dog \n')
  const picture = sharp({ create: { width: 300, height: 200, channels: 3, background: '#a33' } })
  await picture.clone().jpeg().toFile(join(folder, 'red.jpg'))
  await picture.clone().resize(1, 1).png().toFile(join(folder, 'dot.png'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The command, with a clock whose second is over whenever a second may pass. */
async function classified(call: Partial<ClassifyCall>, given: Partial<ClassifyDeps> = {}) {
  const stdout = paper()
  const stderr = paper()
  let opened = 0
  const code = await classifyCommand(
    {
      model,
      classesFile: 'classes.txt',
      templatesFile: null,
      top: 5,
      json: false,
      images: ['red.jpg'],
      ...call,
    },
    {
      cwd: folder,
      openModel: (name, onProgress, signal) => {
        opened++
        return loadModel(source, name, { threads: 1 }, onProgress, signal)
      },
      stdout,
      stderr,
      clock: { now: () => 0, every: () => () => {} },
      ...given,
    },
    never,
  )
  return { code, opened, stdout: stdout.text(), stderr: stderr.text() }
}

describe('classify', { timeout: 60_000 }, () => {
  it('shows the likeliest classes of each image, with probability and cosine', async () => {
    const { code, stdout, stderr } = await classified({ images: ['red.jpg', 'dot.png'], top: 1 })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^Probability among 2 classes \(9 prompts each\), cosine similarity, class, by \S+\nred\.jpg\n +[\d.]+ % +-?\d\.\d{3} {2}(cat|dog)\ndot\.png\n.+\n$/,
    )
  })

  it('answers with one JSON document where it is asked to', async () => {
    await writeFile(join(folder, 'templates.txt'), 'a {}\nthe {}\n')
    const { code, stdout } = await classified({
      images: ['red.jpg', 'gone.jpg'],
      templatesFile: 'templates.txt',
      json: true,
    })
    expect(code).toBe(1)
    const answer = JSON.parse(stdout) as Record<string, unknown>
    expect(answer).toMatchObject({
      logitScale: 100,
      templates: ['a {}', 'the {}'],
      classes: 2,
      images: [{ image: 'red.jpg' }, { image: 'gone.jpg', error: 'cannot be read: there is no such file' }],
    })
    const [{ classes }] = answer.images as [{ classes: { probability: number; cosine: number }[] }]
    expect(classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9)
  })

  it('takes the templates and the temperature that the model’s folder names', async () => {
    const own = smallModelFolder()
    const notes = { name: 'own', templates: ['{} it is'], logitScale: 20 }
    await writeFile(join(own, 'pairmill.json'), JSON.stringify(notes))
    const { stdout } = await classified({ model: own, json: true })
    expect(JSON.parse(stdout)).toMatchObject({ templates: ['{} it is'], logitScale: 20 })
  })

  it('names the images that cannot be used, classifies the others, and answers 1', async () => {
    await writeFile(join(folder, 'notes.jpg'), 'not a picture at all')
    await writeFile(join(folder, 'empty.jpg'), '')
    await writeFile(join(folder, 'drawing.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
    await mkdir(join(folder, 'album'))
    await copyFile(join(folder, 'red.jpg'), join(folder, 'cut.jpg'))
    await truncate(join(folder, 'cut.jpg'), 400)
    const images = ['gone.jpg', 'notes.jpg', 'empty.jpg', 'drawing.svg', 'album', 'cut.jpg', 'red.jpg']
    const { code, stdout, stderr } = await classified({ images })
    expect(code).toBe(1)
    expect(
      stdout
        .split('\n')
        .filter((line) => /^\S/.test(line))
        .slice(1),
    ).toEqual(['red.jpg'])
    expect(stderr.split('\n')).toEqual([
      'pairmill: gone.jpg: cannot be read: there is no such file',
      'pairmill: notes.jpg: not an image (text or a page)',
      'pairmill: empty.jpg: empty file',
      'pairmill: drawing.svg: vector graphic (svg)',
      'pairmill: album: cannot be read: it is a folder',
      expect.stringMatching(/^pairmill: cut\.jpg: image file is (cut off|damaged)/),
      '',
    ])
  })

  it.each([
    ['that is not there', null, "--classes: cannot read 'bad.txt': there is no such file"],
    ['that is empty', '', 'bad.txt: there is no class in it; expected one name a line'],
    ['of comments', '# one\n\n  # two\n', 'bad.txt: there is no class in it; expected one name a line'],
    ['with a class twice', 'cat\ndog\nCat\n', "bad.txt line 3: the class 'Cat' stands on line 1 already"],
    [
      'that is a picture',
      Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
      'bad.txt: not a text file (it is not UTF-8)',
    ],
  ])('refuses a classes file %s, before a model is started', async (_, content, message) => {
    await rm(join(folder, 'bad.txt'), { force: true })
    if (content !== null) await writeFile(join(folder, 'bad.txt'), content)
    const { code, opened, stdout, stderr } = await classified({ classesFile: 'bad.txt' })
    expect({ code, opened, stdout }).toEqual({ code: 2, opened: 0, stdout: '' })
    expect(stderr).toBe(
      `pairmill: ${message}\nNothing was started. pairmill classify --help shows what is needed.\n`,
    )
  })

  it('names all that is wrong with model, classes and templates at once', async () => {
    await writeFile(join(folder, 'plain.txt'), 'a {}\na photo\n')
    const { code, stderr } = await classified({
      model: 'none',
      classesFile: 'gone.txt',
      templatesFile: 'plain.txt',
    })
    expect(code).toBe(2)
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      'pairmill: --model: expected the name of a model or its folder, got none',
      "pairmill: --classes: cannot read 'gone.txt': there is no such file",
      "pairmill: plain.txt line 2: the template 'a photo' has no {} for the class name",
    ])
  })

  it('answers 5 where the model cannot be used, and says why', async () => {
    const { code, stdout, stderr } = await classified({ model: join(folder, 'album') })
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(stderr).toMatch(/^pairmill: .*vision_model\.onnx is missing\./)
  })

  it('says what it is at once a second is over, and takes it off the terminal again', async () => {
    const stderr = paper(true, 40)
    let second = () => {}
    const { code } = await classified(
      {},
      {
        stderr,
        clock: {
          now: () => 0,
          every(_, action) {
            second = action
            return () => {}
          },
        },
        openModel: (name, onProgress, signal) => {
          second()
          onProgress('fetching http://hub/a/very/long/address/model.onnx: 12 of 352 MB')
          second()
          return loadModel(source, name, { threads: 1 }, onProgress, signal)
        },
      },
    )
    expect(code).toBe(0)
    expect(stderr.text()).toBe(
      '\r\u001b[Kloading the model\r\u001b[Kfetching http://hub/a/very/long/address\r\u001b[K',
    )
  })
})

const photos = sharedPath('data/flickr8k-test')
const real = sharedPath('models/flickr8k-mobilenet')
describe('classify, run as the program', { timeout: 60_000 }, () => {
  it("tells nobody which model it loads: the model's runtime leaves nothing in its user's home", async () => {
    const home = join(folder, 'home')
    await mkdir(home)
    const child = spawn(
      process.execPath,
      [
        ...[resolve(import.meta.dirname, '../../../dist/cli/main.js'), 'classify'],
        ...['--model', model, '--classes', 'classes.txt', 'red.jpg'],
      ],
      { cwd: folder, env: { PATH: process.env.PATH, HOME: home }, timeout: 50_000 },
    )
    const ended = new Promise<number | null>((done) => child.on('close', done))
    const [stderr, code] = await Promise.all([text(child.stderr), ended, child.stdout.resume()])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(await readdir(home, { recursive: true })).toEqual([])
  })
})

const missing = [photos, real, sharedPath('tokenizer')].filter((path) => !existsSync(path))
const note = missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')} not there)`

describe.skipIf(missing.length > 0)(
  `classify with a model of real photos${note}`,
  { timeout: 120_000 },
  () => {
    const names = ['dog', 'horse', 'beach', 'basketball', 'soccer', 'snow']

    /** Photos whose captions all speak of one of the classes, and of no other. */
    function labelled(): { photo: string; name: string }[] {
      const captions = new Map<string, string[]>()
      for (const line of readFileSync(join(photos, 'captions.tsv'), 'utf8').trim().split('\n')) {
        const [photo, caption] = line.toLowerCase().split('\t')
        captions.set(photo!, [...(captions.get(photo!) ?? []), caption!])
      }
      return names.flatMap((name) => {
        const others = names.filter((other) => other !== name)
        const shown = [...captions].filter(
          ([, texts]) =>
            texts.every((one) => one.includes(name)) &&
            !others.some((other) => texts.join(' ').includes(other)),
        )
        return shown.slice(0, 6).map(([photo]) => ({ photo, name }))
      })
    }

    it('finds what their captions speak of, run as the program', async () => {
      const dir = join(folder, 'real')
      await mkdir(dir)
      for (const file of ['vision_model.onnx', 'text_model.onnx'])
        await symlink(join(real, file), join(dir, file))
      for (const file of ['tokenizer.json', 'preprocessor_config.json'])
        await symlink(join(sharedPath('tokenizer'), file), join(dir, file))
      await writeFile(join(folder, 'names.txt'), names.join('\n'))
      const pictures = labelled()
      const child = spawn(
        process.execPath,
        [
          ...[resolve(import.meta.dirname, '../../../dist/cli/main.js'), 'classify'],
          ...['--model', 'real', '--classes', 'names.txt', '--json'],
          ...pictures.map(({ photo }) => join(photos, 'images', photo)),
        ],
        { cwd: folder, env: { PATH: process.env.PATH, HOME: folder }, timeout: 100_000 },
      )
      const ended = new Promise<number | null>((done) => child.on('close', done))
      const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
      // Where the machine is busy it says how far it is.
      const complaints = stderr
        .split('\n')
        .filter((line) => line !== '' && !line.includes('"event":"classify"'))
      expect({ code, complaints }).toEqual({ code: 0, complaints: [] })
      const { images } = JSON.parse(stdout) as { images: { classes: { name: string }[] }[] }
      const right = images.filter(({ classes }, i) => classes[0]!.name === pictures[i]!.name).length
      console.log(`zero-shot on ${names.length} classes: ${right} of ${pictures.length} photos right`)
      expect(pictures.length).toBeGreaterThanOrEqual(20)
      expect(right / pictures.length).toBeGreaterThanOrEqual(0.75)
    })
  },
)
