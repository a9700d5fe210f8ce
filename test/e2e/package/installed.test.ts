import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const boxedModel = 'node_modules/pairmill/models/demo-drawings'

/** Of a person's shell: nothing that `npm test` added. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|VITEST)/i.test(name)),
)

/** Installs twice from the registry and runs the demo: minutes, so it is for CI and for who asks. */
function reasonToSkip(): string | null {
  if (process.env.CI !== 'true' && process.env.PAIRMILL_TEST_INSTALL !== '1') {
    return 'skipped: it takes minutes and installs from the registry; PAIRMILL_TEST_INSTALL=1 runs it'
  }
  try {
    execFileSync('npm', ['view', 'npm@10', 'version', '--fetch-retries=0'], {
      env,
      stdio: 'pipe',
      timeout: 60_000,
    })
    return null
  } catch {
    return 'skipped: no registry answers'
  }
}
const reason = reasonToSkip()

/** Ends with what it printed, or rejects with it. */
const run = async (cwd: string, file: string, ...words: string[]) =>
  await promisify(execFile)(file, words, { cwd, env, timeout: 600_000, maxBuffer: 64 * 1024 * 1024 })

const versions = [10, 11] as const

describe.skipIf(reason !== null)(
  `the package from its tarball${reason === null ? '' : ` (${reason})`}`,
  {
    timeout: 900_000,
  },
  () => {
    let work: string
    let npmDir: string
    let tarball: string
    const folders = new Map<number, string>()
    const npm = (version: number, cwd: string, ...words: string[]) =>
      run(cwd, process.execPath, join(npmDir, `${version}/node_modules/npm/bin/npm-cli.js`), ...words)

    beforeAll(async () => {
      work = mkdtempSync(join(tmpdir(), 'pairmill-package-'))
      npmDir = join(work, 'npm')
      for (const version of versions) {
        mkdirSync(join(npmDir, String(version)), { recursive: true })
        writeFileSync(join(npmDir, String(version), 'package.json'), '{}')
        await run(join(npmDir, String(version)), 'npm', 'install', '--no-save', `npm@${version}`)
      }
      // What lies in dist was checked to be new; scripts would build it again under the feet of other tests.
      await run(root, 'npm', 'pack', '--ignore-scripts', '--pack-destination', npmDir)
      const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
      tarball = join(npmDir, `pairmill-${version}.tgz`)
      for (const version of versions) {
        const folder = join(work, `with-npm-${version}`)
        mkdirSync(folder)
        folders.set(version, folder)
        await npm(version, folder, 'install', tarball)
      }
    }, 900_000)

    // A gigabyte in many thousand files.
    afterAll(() => rm(work, { recursive: true, force: true }), 300_000)

    it.each(versions)('installs with npm %i into an empty folder, and fetches no CUDA', async (version) => {
      const folder = folders.get(version)!
      const { stdout } = await npm(version, folder, 'exec', 'pairmill', '--', '--version')
      expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/)
      if (process.platform !== 'linux' || process.arch !== 'x64') return
      const libraries = join(folder, 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64')
      expect(statSync(join(libraries, 'libonnxruntime_providers_cuda.so')).size).toBeLessThan(1000)
    })

    it('runs the demo, then every block of docs/library.md on what it made', async () => {
      const folder = folders.get(10)!
      const { stdout, stderr } = await npm(
        10,
        folder,
        'exec',
        'pairmill',
        '--',
        'demo',
        '--out',
        'my-dataset',
      )
      expect(stdout).toContain('Against the truth of the demo web')
      expect(stdout).toContain('nothing is wrong')
      expect(stderr).not.toMatch(/\bwarn/i)

      const red = `const sharp = require('sharp'); sharp({ create: { width: 300, height: 300, channels: 3, background: '#c22' } }).jpeg().toFile('photo.jpg')`
      await run(folder, process.execPath, '-e', red)
      const blocks = [...readFileSync(join(root, 'docs/library.md'), 'utf8').matchAll(/```js\n(.*?)```/gs)]
      expect(blocks.length).toBe(6)
      for (const [i, [, block = '']] of blocks.entries()) {
        const code = block.replace("'clip-vit-base-patch32'", `'${boxedModel}'`)
        writeFileSync(join(folder, `block-${i}.mjs`), code)
        const printed = await run(folder, process.execPath, `block-${i}.mjs`)
        expect(printed.stderr, code).toBe('')
        if (code.includes('extractPage(')) expect(printed.stdout).toContain('https://example.org/owl.jpg')
        if (code.includes('readShard(')) expect(printed.stdout).toMatch(/^\d+ \d+ \S/m)
        if (code.includes('openDataset(')) expect(printed.stdout).toMatch(/^\d+ jpg \d+ \S/m)
        if (code.includes('verifyDataset(')) expect(printed.stdout).toContain('0 problems')
        if (code.includes('classify(')) expect(printed.stdout).toContain('probability')
      }
    })

    it('has types that compile where libraries are checked too', async () => {
      const folder = folders.get(11)!
      const program = `import { classify, type ClassScore, extractPage, type FeedState, type Model, openDataset, openModel, readShard, verifyDataset } from 'pairmill'
const feed = await openDataset('folder', { rank: 0, world: 2 })
for await (const { image, caption } of feed) console.log(image.format, caption)
const state: FeedState = feed.state()
const page = extractPage('<p>', 'https://example.org/', { imageSize: 256 })
const urls: readonly string[] = page.candidates.map(({ imageUrl }) => imageUrl)
const model: Model = await openModel('folder', { threads: 1 })
const [seen] = await model.embedImages([new Uint8Array()])
const scores: ClassScore[] = seen === undefined || 'reason' in seen ? [] : classify(seen, [])
for await (const { key, files } of readShard('0.tar')) console.log(key, files.get('jpg')?.length)
const { problems } = await verifyDataset('folder', { onProgress: ({ done }) => console.log(done) })
console.log(urls, scores, problems.map(({ message }) => message))
// @ts-expect-error a page's address is a text
extractPage('', 1)
`
      writeFileSync(join(folder, 'program.mts'), program)
      const options = {
        target: 'ES2023',
        lib: ['ES2023', 'DOM', 'DOM.Iterable'],
        module: 'NodeNext',
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      }
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: options, files: ['program.mts'] }),
      )
      await run(folder, process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.').catch(
        (error) => {
          throw new Error(error.stdout)
        },
      )
    })

    it('opens no path but its own name', async () => {
      const folder = folders.get(11)!
      for (const path of [
        'pairmill/dist/filter/index.js',
        'pairmill/src/backend/sql/10-run.sql',
        'pairmill/library',
      ]) {
        const refused = run(folder, process.execPath, '-e', `import('${path}')`)
        await expect(refused).rejects.toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/)
      }
    })
  },
)
