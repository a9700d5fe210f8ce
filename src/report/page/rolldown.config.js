import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

const folder = import.meta.dirname
const root = resolve(folder, '../../..')

/** Styles of the page, one after the other by their names. */
function styleText() {
  const files = readdirSync(join(folder, 'style')).sort()
  const text = files.map((file) => readFileSync(join(folder, 'style', file), 'utf8')).join('')
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s*\n\s*/g, '\n')
    .trimStart()
}

/** Packages that some modules are of, each with its licence. */
function licencesOf(modules) {
  const packages = new Set(
    modules.flatMap((module) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1] ?? []),
  )
  const texts = [...packages].sort().map((path) => {
    const { name, version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
    const licence = readdirSync(path).find((file) => /^licen[cs]e/i.test(file))
    if (licence === undefined) throw new Error(`${relative(root, path)} has no file with its licence`)
    return `${name} ${version}\n\n${readFileSync(join(path, licence), 'utf8').trim()}\n`
  })
  return `page.js holds these packages.\n\n${texts.join('\n\n')}`
}

/** What lies beside the script: its style, and the licences of what is bundled. */
const beside = {
  name: 'beside',
  generateBundle(_, bundle) {
    const chunks = Object.values(bundle).filter(({ type }) => type === 'chunk')
    // The document holds it between tags, which this would end.
    if (chunks.some(({ code }) => /<\/script|<!--/i.test(code)))
      throw new Error('the script ends its own tag')
    const modules = chunks.flatMap(({ moduleIds }) => moduleIds)
    this.emitFile({ type: 'asset', fileName: 'page.css', source: styleText() })
    this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: licencesOf(modules) })
  },
}

/** The code of the page as one script, for browsers that are not older than a few years. */
export default {
  input: join(folder, 'main.tsx'),
  platform: 'browser',
  transform: { target: 'es2022', jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [beside],
  output: {
    dir: join(root, 'dist/report'),
    entryFileNames: 'page.js',
    format: 'iife',
    minify: true,
  },
}
