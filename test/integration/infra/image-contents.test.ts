import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { root, textOf } from '../../fixtures/infra/manifests.js'
import { tempFolder } from '../../fixtures/run/pairmill.js'

const dockerfile = textOf('infra/Dockerfile').replaceAll('\\\n', ' ')

/** Packages and folders below node_modules that the Dockerfile deletes. */
const deleted = [...dockerfile.matchAll(/\brm -rf ([^&\n]+)/g)]
  .flatMap(([, paths = '']) => paths.trim().split(/\s+/))
  .filter((path) => path.startsWith('node_modules/'))

/** What `npm ci --omit=dev` lays at the top of node_modules on this platform. */
const installed = Object.entries(
  (JSON.parse(textOf('package-lock.json')) as { packages: Record<string, { dev?: true }> }).packages,
)
  .filter(([path, { dev }]) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && dev !== true)
  .map(([path]) => path)
  .filter((path) => existsSync(join(root, path)))

describe('the image', { timeout: 120_000 }, () => {
  let app: string
  /** The program as it lies in the image, whose packages are found where they lie alone. */
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [join(app, 'dist/cli/main.js'), ...words], {
      cwd: app,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        HOME: app,
        NODE_OPTIONS: '--preserve-symlinks --preserve-symlinks-main',
      },
    })

  beforeAll(() => {
    app = tempFolder()
    const link = (path: string) => {
      mkdirSync(dirname(join(app, path)), { recursive: true })
      symlinkSync(join(root, path), join(app, path))
    }
    for (const path of installed) link(path)
    for (const path of [
      'dist',
      'package.json',
      'src/backend/sql',
      'src/backend/redis/lua',
      'src/feed/python',
      'models',
    ])
      link(path)
    // Of a package that is a link, what is deleted within it is not looked at here.
    for (const path of deleted.filter((path) => !path.includes('/bin/'))) {
      expect(existsSync(join(app, path)), path).toBe(true)
      rmSync(join(app, path), { recursive: true })
    }
  })

  test('holds no package of the demo, and says how to install them', () => {
    const top = readdirSync(join(app, 'node_modules'))
    expect(top).toContain('@img')
    expect(top).not.toContain('@iconify-json')
    const { status, stderr } = run('demo')
    expect(status).toBe(1)
    expect(stderr).toContain('10 packages, and 10 of them are not installed')
    expect(stderr).toContain('npm install --no-save @iconify-json/noto@')
    expect(readdirSync(app)).not.toContain('pairmill-demo')
  })

  test('decodes images of every format with what is left, and scores them', async () => {
    const formats = ['jpeg', 'png', 'webp', 'avif', 'gif'] as const
    const red = { width: 240, height: 240, channels: 3, background: '#c22' } as const
    const images = formats.map((format) => `red.${format}`)
    for (const [i, format] of formats.entries()) {
      const bytes = await sharp({ create: red }).toFormat(format).toBuffer()
      writeFileSync(join(app, images[i]!), bytes)
    }
    writeFileSync(join(app, 'classes.txt'), 'apple\ncar\n')
    const { status, stdout, stderr } = run(
      ...['classify', '--model', 'models/demo-drawings', '--classes', 'classes.txt', '--json', ...images],
    )
    expect({ status, stderr }).toMatchObject({ status: 0 })
    const { images: results } = JSON.parse(stdout)
    expect(results).toMatchObject(images.map((image) => ({ image, classes: [{}, {}] })))
  })
})
