import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ArchiveSource } from '../crawl/index.js'
import { shownUrl } from '../records/index.js'
import { objectPlace } from '../shard/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { say } from './output.js'
import { type SourceCall, type SourceDeps, sourceCommand } from './source-command.js'

/** Call of `pairmill warc`, before anything is checked. */
export interface WarcCall extends SourceCall {
  /** Files, folders of them, and URLs. */
  readonly paths: readonly string[]
  /** Base of the paths in lists; null = see the help. */
  readonly base: string | null
}

/** `pairmill warc`: a run whose candidates come from web archives. */
export async function warcCommand(call: WarcCall, deps: SourceDeps): Promise<ExitCode> {
  const found = findArchives(call, deps.input)
  if (found.problems.length > 0) {
    for (const problem of found.problems) say(deps.stderr, problem)
    deps.stderr.write('Nothing was started. pairmill warc --help lists the options.\n')
    return exitCodes.usage
  }
  return sourceCommand(call, deps, found.sources)
}

/** The archives that the words of the command line mean, in their order, and all that is wrong with them. */
export function findArchives(
  { paths, base }: Pick<WarcCall, 'paths' | 'base'>,
  { cwd, isFolder }: Pick<SourceDeps['input'], 'cwd' | 'isFolder'>,
): { readonly sources: readonly ArchiveSource[]; readonly problems: readonly string[] } {
  const problems: string[] = []
  const root = base === null ? null : rootOf(base, cwd)
  if (root !== null && 'problem' in root) problems.push(root.problem)
  const places = new Set<string>()
  for (const given of paths) {
    const place = placeOf(given, cwd)
    if ('problem' in place) problems.push(place.problem)
    else if (place.isLocal && isFolder(place.place)) {
      const inside = archivesIn(place.place)
      if (inside.length === 0) problems.push(`${given}: no file in this folder ends in ${endings}`)
      for (const path of inside) places.add(path)
    } else places.add(place.place)
  }
  const sources = [...places].map(
    (place): ArchiveSource => ({
      kind: 'archive',
      place,
      base: root === null || 'problem' in root ? null : root.root,
    }),
  )
  return { sources, problems }
}

/**
 * In a folder the lists of Common Crawl are left alone: the archives beside them would be read twice. Those of a kind that is not read are
 * taken, so that they are refused by name.
 */
const endings = '.warc, .wat (or .gz behind it)'
const archiveName = /^[^.].*\.(?:(?:warc|wat)(?:\.gz|\.zst)?|wacz)$/i

function archivesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => archiveName.test(name))
    .sort()
    .map((name) => join(folder, name))
}

function placeOf(
  given: string,
  cwd: string,
): { readonly place: string; readonly isLocal: boolean } | { readonly problem: string } {
  if (given.startsWith('s3://')) {
    const object = objectPlace(given)
    return 'problem' in object
      ? { problem: `${shownUrl(given)}: ${object.problem}` }
      : { place: given, isLocal: false }
  }
  if (/^https?:\/\//i.test(given)) {
    if (!URL.canParse(given)) return { problem: `${shownUrl(given)}: this is no URL` }
    const url = new URL(given)
    return url.username === '' && url.password === ''
      ? { place: url.href, isLocal: false }
      : { problem: `${shownUrl(given)}: credentials in URLs are not taken; leave user and password out` }
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(given)) {
    return {
      problem: `${shownUrl(given)}: expected a file, a folder, or a URL with http://, https:// or s3://`,
    }
  }
  return { place: resolve(cwd, given), isLocal: true }
}

function rootOf(base: string, cwd: string): { readonly root: string } | { readonly problem: string } {
  const isUrl = /^(?:https?|s3):\/\/./i.test(base)
  if (!isUrl && /^[a-z][a-z0-9+.-]+:\/\//i.test(base)) {
    return {
      problem: `--base: expected a folder, or a URL with http://, https:// or s3://, got '${shownUrl(base)}'`,
    }
  }
  const root = isUrl ? base : resolve(cwd, base)
  return { root: root.endsWith('/') ? root : `${root}/` }
}
