import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  type ListColumns,
  type ListFormat,
  type ListSource,
  listFormats,
  listProblem,
} from '../crawl/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { whyUnreadable } from './file-text.js'
import { say } from './output.js'
import { type SourceCall, type SourceDeps, sourceCommand } from './source-command.js'

/** Call of `pairmill images`, before anything is checked. */
export interface ImagesCall extends SourceCall {
  /** Files, or folders of them. */
  readonly lists: readonly string[]
  /** null = as the files' names end. */
  readonly format: ListFormat | null
  readonly columns: ListColumns
}

/** `pairmill images`: a run whose candidates come from lists. */
export async function imagesCommand(call: ImagesCall, deps: SourceDeps): Promise<ExitCode> {
  const found = await findLists(call, deps.input)
  if (found.problems.length > 0) {
    for (const problem of found.problems) say(deps.stderr, problem)
    deps.stderr.write('Nothing was started. pairmill images --help lists the options.\n')
    return exitCodes.usage
  }
  return sourceCommand(call, deps, found.sources)
}

/** The lists that the words of the command line mean, in their order, and all that is wrong with them. */
export async function findLists(
  { lists, format, columns }: Pick<ImagesCall, 'lists' | 'format' | 'columns'>,
  { cwd, isFolder }: Pick<SourceDeps['input'], 'cwd' | 'isFolder'>,
): Promise<{ readonly sources: readonly ListSource[]; readonly problems: readonly string[] }> {
  const sources = new Map<string, ListSource>()
  const problems: string[] = []
  for (const given of lists) {
    const whole = resolve(cwd, given)
    const paths = isFolder(whole) ? listsIn(whole) : [whole]
    if (paths.length === 0) problems.push(`${given}: no file in this folder ends in ${endings}`)
    for (const path of paths) {
      const kind = kindOf(path, format)
      if (kind === null) {
        problems.push(`${path}: cannot tell what it is by its name: expected ${endings}, or --format`)
        continue
      }
      const source: ListSource = { kind: 'list', path, ...kind, columns }
      const problem = await problemOf(source)
      if (problem === null) sources.set(path, source)
      else problems.push(`${path}: ${problem}`)
    }
  }
  return { sources: [...sources.values()], problems }
}

const endings = `${listFormats.map((format) => `.${format}`).join(', ')} (or .gz behind it)`

function listsIn(folder: string): string[] {
  return (
    readdirSync(folder)
      // Hidden files are no lists, whatever their names end in: systems write such ones beside others.
      .filter((name) => !name.startsWith('.') && kindOf(name, null) !== null)
      .sort()
      .map((name) => join(folder, name))
  )
}

function kindOf(name: string, told: ListFormat | null): Pick<ListSource, 'format' | 'gzip'> | null {
  const [, ending = '', gz] = /\.([a-z]+)(\.gz)?$/i.exec(name) ?? []
  const format = told ?? listFormats.find((known) => known === ending.toLowerCase())
  if (format === undefined) return null
  // A parquet file is compressed in itself.
  const gzip = gz !== undefined || ending.toLowerCase() === 'gz'
  return format === 'parquet' && gzip ? null : { format, gzip }
}

async function problemOf(source: ListSource): Promise<string | null> {
  try {
    const problem = await listProblem(source)
    return problem === null || !problem.includes('no column')
      ? problem
      : `${problem}; name the right ones by --url-col and --caption-col`
  } catch (error) {
    return `it cannot be read: ${whyUnreadable(error)}`
  }
}
