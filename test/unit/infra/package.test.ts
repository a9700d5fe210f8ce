import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { standIn } from '../../../install/without-cuda.js'
import { demoPackages } from '../../../src/demo/index.js'
import { root, textOf } from '../../fixtures/infra/manifests.js'

const manifest = JSON.parse(textOf('package.json')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
}

describe('package-lock.json', () => {
  test('says of no dependency that a script of it is to be run', () => {
    const { packages } = JSON.parse(textOf('package-lock.json')) as {
      packages: Record<string, { hasInstallScript?: true; dev?: true }>
    }
    const scripted = Object.entries(packages)
      .filter(([path, { dev, hasInstallScript }]) => path !== '' && dev !== true && hasInstallScript === true)
      .map(([path]) => path)
    // npm runs what the lock names alone; of older ones than 11.16 that is the only way to leave out one package's. Take the lines out again.
    expect(scripted, 'lines "hasInstallScript": true').toEqual([])
  })
})

describe('package.json', () => {
  test('has one version of the model runtime, which is never updated without the script that stands in for it', () => {
    expect(manifest.dependencies['onnxruntime-node']).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test('has DuckDB and what the demo draws from as optional dependencies, each at one version, and nothing else', () => {
    expect(Object.keys(manifest.optionalDependencies).sort()).toEqual(
      ['@duckdb/node-api', ...demoPackages].sort(),
    )
    for (const version of Object.values(manifest.optionalDependencies)) {
      expect(version).toMatch(/^\d+\.\d+\.\d+(-r\.\d+)?$/)
    }
  })
})

describe('before the package is installed', () => {
  let folder: string
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const runtime = (metadata: object): string => {
    folder = mkdtempSync(join(tmpdir(), 'pairmill-install-'))
    const path = join(folder, 'script/install-metadata.js')
    mkdirSync(join(folder, 'script'))
    mkdirSync(join(folder, 'bin/napi-v6/linux/x64'), { recursive: true })
    writeFileSync(path, `module.exports = ${JSON.stringify(metadata)}`)
    return path
  }
  const metadata = {
    requirements: { 'linux/x64': ['cuda12'], 'darwin/arm64': [] },
    manifests: { 'linux/x64:cuda12': { './cuda.so': {}, './shared.so': {} } },
  }

  test('a line stands in for each file that the model runtime would fetch, and what is there stays', () => {
    const path = runtime(metadata)
    const there = join(folder, 'bin/napi-v6/linux/x64/shared.so')
    writeFileSync(there, 'a library')
    const missing = join(folder, 'bin/napi-v6/linux/x64/cuda.so')
    expect(standIn(path, 'linux/x64')).toEqual([missing])
    expect(readFileSync(missing, 'utf8')).toContain('ONNXRUNTIME_NODE_INSTALL=true')
    expect(readFileSync(there, 'utf8')).toBe('a library')
  })

  test('nothing is done where the runtime fetches nothing', () => {
    const path = runtime(metadata)
    expect(standIn(path, 'darwin/arm64')).toEqual([])
    expect(standIn(path, 'freebsd/x64')).toEqual([])
  })

  test('the script that does it is the one that package.json names', () => {
    const [, script = ''] = manifest.scripts.preinstall?.split(' ') ?? []
    expect(existsSync(join(root, script)), script).toBe(true)
  })
})
