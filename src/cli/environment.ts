import { isAbsolute, join } from 'node:path'
import { shownUrl } from '../records/index.js'
import type { Environment } from '../run/index.js'

/** The one place that knows names of environment variables. */
export interface Surroundings {
  readonly environment: Environment
  /** False where NO_COLOR is set (any text that is not empty; no-color.org) or the terminal is dumb. */
  readonly color: boolean
  /** Whether the terminal can move its cursor. */
  readonly redraw: boolean
  /** Whether the terminal shows characters beyond ASCII. */
  readonly unicode: boolean
  /** The fleet that commands are for unless they name one; null = none. */
  readonly fleetUrl: string | null
}

const defaultHub = 'https://huggingface.co'

/**
 * PAIRMILL_BACKEND, HF_ENDPOINT, HF_TOKEN, HF_HOME, XDG_CACHE_HOME (an absolute path; others are to be ignored by its
 * specification), AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, PAIRMILL_S3_PATH_STYLE,
 * PATH and PAIRMILL_CHROMIUM (where a browser is found), NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG. An empty variable counts as unset. Credentials are left to the AWS SDK.
 */
export function readEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
  homeDir: string,
): { readonly surroundings: Surroundings } | { readonly problem: string } {
  const value = (name: string): string | null => {
    const given = variables[name]?.trim()
    return given === undefined || given === '' ? null : given
  }
  const hub = value('HF_ENDPOINT') ?? defaultHub
  if (!isHttpUrl(hub)) {
    return {
      problem: `HF_ENDPOINT: expected an http or https URL such as ${defaultHub}, got '${shownUrl(hub)}'`,
    }
  }
  const endpoint = value('AWS_ENDPOINT_URL_S3') ?? value('AWS_ENDPOINT_URL')
  if (endpoint !== null && !isHttpUrl(endpoint)) {
    return { problem: 'AWS_ENDPOINT_URL_S3, or AWS_ENDPOINT_URL: expected an http or https URL' }
  }
  const pathStyle = value('PAIRMILL_S3_PATH_STYLE')
  if (pathStyle !== null && pathStyle !== '0' && pathStyle !== '1') {
    return { problem: `PAIRMILL_S3_PATH_STYLE: expected 0 or 1, got '${pathStyle}'` }
  }
  const chromium = value('PAIRMILL_CHROMIUM')
  if (chromium !== null && !isAbsolute(chromium)) {
    return { problem: `PAIRMILL_CHROMIUM: expected the absolute path of a Chromium, got '${chromium}'` }
  }
  const xdg = value('XDG_CACHE_HOME')
  const hfHome = value('HF_HOME')
  const cacheHome = xdg?.startsWith('/') ? xdg : join(homeDir, '.cache')
  const term = value('TERM')
  const locale = value('LC_ALL') ?? value('LC_CTYPE') ?? value('LANG') ?? ''
  return {
    surroundings: {
      environment: {
        hubUrl: hub.replace(/\/+$/, ''),
        hubToken: value('HF_TOKEN'),
        cacheDir: hfHome?.startsWith('/') ? join(hfHome, 'pairmill') : join(cacheHome, 'pairmill'),
        s3: {
          endpoint,
          region: value('AWS_REGION') ?? value('AWS_DEFAULT_REGION'),
          pathStyle: pathStyle === null ? null : pathStyle === '1',
        },
        browser: { path: value('PATH') ?? '', named: chromium },
      },
      color: value('NO_COLOR') === null && term !== 'dumb',
      redraw: term !== 'dumb',
      unicode: /utf-?8/i.test(locale),
      fleetUrl: value('PAIRMILL_BACKEND'),
    },
  }
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol } = new URL(text)
  return protocol === 'http:' || protocol === 'https:'
}
