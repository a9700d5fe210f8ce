import { resolve } from 'node:path'
import { canonicalUrl } from '../crawl/index.js'
import type { GivenOptions, RunOptions } from '../options/index.js'
import { shownUrl } from '../records/index.js'
import type { Inspection, InspectTarget } from '../workers/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { jsonText } from './figures.js'
import { inspectionText } from './inspection-text.js'
import { readLocalFile } from './local-file.js'
import { type Output, say } from './output.js'
import { type InputDeps, readRunInput } from './run-input.js'
import { parseSeeds } from './seeds.js'

export interface InspectCall {
  /** URL or file. */
  readonly target: string
  /** Where a file was had from; null = not given. */
  readonly base: string | null
  readonly withImages: boolean
  readonly json: boolean
  /** Options of a run, by key. */
  readonly flags: GivenOptions
}

interface InspectCommandDeps {
  readonly input: InputDeps
  readonly inspect: (options: RunOptions, target: InspectTarget, signal: AbortSignal) => Promise<Inspection>
  readonly stdout: Output
  readonly stderr: Output
}

/** As much as is read of a page. */
const maxBytes = 5 * 1024 * 1024
const nowhere = 'http://file.invalid/'
/** Asking it for something needs nobody's leave. */
const thisMachine = 'http://localhost/'

/** `pairmill inspect`. */
export async function inspectCommand(
  call: InspectCall,
  { input, inspect, stdout, stderr }: InspectCommandDeps,
  signal: AbortSignal,
): Promise<ExitCode> {
  const refuse = (problems: readonly string[]): ExitCode => {
    for (const problem of problems) say(stderr, problem)
    return exitCodes.usage
  }
  const target = await targetOf(call, input.cwd, signal)
  if ('problem' in target) return refuse([target.problem])
  // Who is not asked for anything need not be able to reach anybody.
  const asked = target.file === null || call.withImages ? target.url : thisMachine
  const flags = { ...call.flags, out: input.cwd, model: 'none' }
  const read = await readRunInput({ seeds: [asked], flags, configFile: null }, input)
  if (read.kind === 'problems') return refuse(read.problems)
  for (const note of read.notes) say(stderr, note)
  const inspection = await inspect(read.options, target, signal)
  if (call.json) stdout.write(`${jsonText({ v: 1, ...inspection }, 2)}\n`)
  else stdout.write(inspectionText(inspection))
  return inspection.kind === 'page' ? exitCodes.ok : exitCodes.failed
}

/** A URL with its scheme is one; else it is a file where there is one of that name. */
async function targetOf(
  { target, base, withImages }: InspectCall,
  cwd: string,
  signal: AbortSignal,
): Promise<InspectTarget | { readonly problem: string }> {
  const isUrl = /^https?:\/\//i.test(target)
  const file = isUrl ? null : await readLocalFile(resolve(cwd, target), maxBytes, signal)
  if (file?.kind === 'file') {
    const url = canonicalUrl(base ?? nowhere)
    return url === null
      ? { problem: `--base: expected an http or https URL, got '${shownUrl(base ?? '')}'` }
      : { url, file: file.bytes, withImages }
  }
  if (base !== null) return { problem: '--base: is for a file; a URL is its own' }
  const { urls, problems } = parseSeeds([{ text: target, line: null }], '')
  const [url] = urls
  if (url !== undefined && (isUrl || /[.:]/.test(target))) return { url, file: null, withImages }
  const why = file?.kind === 'unreadable' ? `cannot read '${target}': ${file.why}` : null
  return { problem: why ?? problems[0] ?? `'${shownUrl(target)}' is no URL` }
}
