import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command.js'
import { cache, peersFolder } from './places.js'

/** Installing a peer may take as long as its wheels need to come. */
const installLimitMs = 10 * 60_000

/**
 * The programs that pairmill is measured against, installed on first use into the cache, never into the project.
 * Each answers how to start it, or why it cannot be had.
 * @typedef {{ file: string, before: readonly string[] } | { missing: string }} Peer
 */

async function step(name, file, args, cwd) {
  const log = join(cache, `install-${name}.log`)
  const ran = await runCommand(file, args, { limitMs: installLimitMs, log, cwd }).catch((error) => ({
    code: null,
    error,
  }))
  return ran.code === 0 ? null : `${name} could not be installed here (see ${log})`
}

/** @returns {Promise<{ python: string } | { missing: string }>} */
async function pythonWith(distribution, ...others) {
  const folder = join(cache, `${[distribution, ...others].join('-')}-venv`)
  const python = join(folder, 'bin', 'python')
  const done = join(folder, 'installed')
  if (!existsSync(done)) {
    await mkdir(cache, { recursive: true })
    const missing =
      (await step(distribution, 'python3', ['-m', 'venv', folder])) ??
      (await step(distribution, python, ['-m', 'pip', 'install', '--quiet', distribution, ...others]))
    if (missing !== null) return { missing }
    await writeFile(done, '')
  }
  return { python }
}

/** @returns {Promise<Peer>} */
export async function scrapy() {
  const found = await pythonWith('scrapy')
  return 'missing' in found ? found : { file: found.python, before: [join(peersFolder, 'scrapy_site.py')] }
}

/** @returns {Promise<Peer>} */
export async function img2dataset() {
  const found = await pythonWith('img2dataset')
  return 'missing' in found ? found : { file: found.python, before: ['-m', 'img2dataset.main'] }
}

/** One Python for every program of a chain. @returns {Promise<{ python: string } | { missing: string }>} */
export async function chain() {
  return await pythonWith('scrapy', 'img2dataset', 'onnxruntime', 'tokenizers', 'pillow')
}

/** Folder of a Python's packages. */
async function packagesOf(name, python) {
  const log = join(cache, `install-${name}-packages.log`)
  const words = ['-c', "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
  const ran = await runCommand(python, words, { limitMs: installLimitMs, log }).catch(() => ({ code: null }))
  return ran.code === 0 ? (await readFile(log, 'utf8')).trim() : null
}

/**
 * A reader of training data. All of them want PyTorch: that of PAIRMILL_PYTHON, which has webdataset too, as examples/train says.
 * @param {'webdataset' | 'litdata' | 'mosaicml-streaming'} distribution
 * @returns {Promise<{ python: string } | { missing: string }>}
 */
export async function trainingReader(distribution) {
  const training = process.env.PAIRMILL_PYTHON
  if (training === undefined) return { missing: 'PAIRMILL_PYTHON names no Python with PyTorch' }
  if (distribution === 'webdataset') return { python: training }
  const folder = join(cache, `${distribution}-venv`)
  const python = join(folder, 'bin', 'python')
  const done = join(folder, 'installed')
  if (!existsSync(done)) {
    await mkdir(cache, { recursive: true })
    const failed = await step(distribution, 'python3', ['-m', 'venv', folder])
    const [own, others] = [await packagesOf(distribution, python), await packagesOf(distribution, training)]
    if (failed !== null || own === null || others === null)
      return { missing: failed ?? 'PAIRMILL_PYTHON does not start' }
    // PyTorch is large: it is taken from where it is.
    await writeFile(join(own, 'training.pth'), `${others}\n`)
    const missing = await step(distribution, python, ['-m', 'pip', 'install', '--quiet', distribution])
    if (missing !== null) return { missing }
    await writeFile(done, '')
  }
  return { python }
}

/** Crawlee is imported from beside its own node_modules, so its program is copied there. @returns {Promise<Peer>} */
export async function crawlee() {
  const folder = join(cache, 'crawlee')
  const program = join(folder, 'crawlee-site.js')
  if (!existsSync(join(folder, 'installed'))) {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
    const args = ['install', '--no-audit', '--no-fund', '@crawlee/cheerio@3']
    const missing = await step('crawlee', 'npm', args, folder)
    if (missing !== null) return { missing }
    await writeFile(join(folder, 'installed'), '')
  }
  await copyFile(join(peersFolder, 'crawlee-site.js'), program)
  return { file: process.execPath, before: [program] }
}
