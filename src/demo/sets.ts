import { createRequire } from 'node:module'
import { styleNames } from './styles.js'

const require = createRequire(import.meta.url)

/**
 * Packages of drawings, names and keywords, that only the demo reads. They are optional dependencies: 76 MB that a crawl can do without,
 * and that may have been left out or removed.
 */
export const demoPackages: readonly string[] = [
  ...styleNames.map((style) => `@iconify-json/${style}`),
  'emojilib',
  'unicode-emoji-json',
]

/** Why the demo cannot start here: the packages that are not installed, and the command that installs them; null = none is missing. */
export function demoProblem(): string | null {
  const { optionalDependencies } = require('../../package.json') as {
    optionalDependencies: Readonly<Record<string, string>>
  }
  return missingPackagesProblem(
    demoPackages.filter((name) => !isInstalled(name)),
    optionalDependencies,
  )
}

/** `versions`: of every package that may be missing. Pure. */
export function missingPackagesProblem(
  missing: readonly string[],
  versions: Readonly<Record<string, string>>,
): string | null {
  if (missing.length === 0) return null
  const wanted = missing.map((name) => `${name}@${versions[name]}`).join(' ')
  return (
    `the demo draws its web from ${demoPackages.length} packages, and ${missing.length} of them are not installed; ` +
    `install them with: npm install --no-save ${wanted}`
  )
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(`${name}/package.json`)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return false
    throw error
  }
}
