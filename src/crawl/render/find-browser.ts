import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** Where browsers are looked for: folders of commands, then places by name. */
interface BrowserPlaces {
  /** As PATH has it. */
  readonly path: string
  /** Absolute path that a person named; null = none. */
  readonly named: string | null
}

/** Debian's, other distributions', Google's. */
const commands = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'] as const
const usualFolders = ['/usr/bin', '/usr/local/bin', '/snap/bin', '/opt/google/chrome'] as const
const elsewhere = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
] as const

/** As findBrowser, and then Playwright's own browser, where that was installed. */
export async function locateBrowser(places: BrowserPlaces): Promise<string | null> {
  const found = findBrowser(places)
  if (found !== null || places.named !== null) return found
  const { chromium } = await import('playwright')
  const own = chromium.executablePath()
  return isExecutableFile(own) ? own : null
}

/** The first browser that is there and may be started. A named one is the only one that counts; null = there is none. */
export function findBrowser(
  places: BrowserPlaces,
  isExecutable: (path: string) => boolean = isExecutableFile,
): string | null {
  if (places.named !== null) return isExecutable(places.named) ? places.named : null
  const folders = [...places.path.split(delimiter).filter(isAbsolute), ...usualFolders]
  const candidates = [
    ...folders.flatMap((folder) => commands.map((command) => join(folder, command))),
    ...elsewhere,
  ]
  return candidates.find(isExecutable) ?? null
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
