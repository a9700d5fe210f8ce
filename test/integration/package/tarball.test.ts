import { execFileSync } from 'node:child_process'
import { extname, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')

interface Packed {
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

/** What `npm pack` puts into the tarball, of the build that lies here. */
describe('the tarball', { timeout: 120_000 }, () => {
  let packed: Packed
  let paths: readonly string[]
  beforeAll(() => {
    const words = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error']
    const said = JSON.parse(execFileSync('npm', words, { cwd: root, encoding: 'utf8' })) as unknown
    // npm 12 answers by the name of the package, older ones with a list.
    packed = Object.values(said as Record<string, Packed>)[0]!
    paths = packed.files.map(({ path }) => path)
  }, 120_000)

  const under = (folder: string) => paths.filter((path) => path.startsWith(`${folder}/`))

  it('holds what is run, read at run time or read by people, and nothing else', () => {
    const kinds = new Set(
      paths.map((path) => `${path.includes('/') ? path.split('/')[0] : ''}:${extname(path)}`),
    )
    const expected = [
      ':.json',
      ':.md',
      ':',
      'dist:.js',
      'dist:.css',
      'dist:.txt',
      'dist:.ts',
      'dist:.packed',
      'dist:.sha256',
      'docs:.md',
      'install:.js',
      'models:.json',
      'models:.jsonl',
      'models:.md',
      'models:.onnx',
      'src:.sql',
      'src:.lua',
      'src:.py',
    ]
    expect([...kinds].sort()).toEqual(expected.sort())
  })

  it('holds no source map, no source twice, and types where they can be imported alone', () => {
    expect(paths.filter((path) => path.endsWith('.map'))).toEqual([])
    expect(under('src').filter((path) => path.endsWith('.ts'))).toEqual([])
    expect(paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))).toEqual([])
    for (const room of ['cli', 'run', 'workers', 'backend', 'demo']) {
      expect(under(`dist/${room}`).filter((path) => path.endsWith('.d.ts'))).toEqual([])
    }
  })

  it('holds what package.json points to', () => {
    expect(paths).toContain('dist/cli/main.js')
    expect(paths).toContain('dist/library/index.js')
    expect(paths).toContain('dist/library/index.d.ts')
    expect(paths).toContain('install/without-cuda.js')
    expect(under('src/backend/sql').length).toBeGreaterThan(5)
    expect(under('src/backend/redis/lua').length).toBeGreaterThan(50)
    expect(under('src/feed/python')).toEqual(['src/feed/python/pairmill_feed.py'])
    expect(paths).toContain('dist/backend/pglite/empty.packed')
    expect(paths).toContain('LICENSE')
    expect(paths).toContain('README.md')
  })

  it('stays small: the model, the empty database, and the program', () => {
    const bytesOf = (folder: string) =>
      packed.files.filter(({ path }) => path.startsWith(folder)).reduce((sum, { size }) => sum + size, 0)
    expect(packed.size).toBeLessThan(9_500_000)
    expect(packed.unpackedSize).toBeLessThan(12_000_000)
    expect(paths.length).toBeLessThan(1300)
    expect(packed.unpackedSize - bytesOf('models/') - bytesOf('dist/backend/pglite/empty')).toBeLessThan(
      3_500_000,
    )
  })
})
