import { basename } from 'node:path'
import type { SiteRule } from '../crawl/index.js'
import {
  type ConfigFile,
  flagOf,
  type GivenOptions,
  givenFields,
  joinedLists,
  optionKeys,
  parseConfigFile,
  parseRunOptions,
  type RunOptions,
} from '../options/index.js'
import { shownUrl } from '../records/index.js'
import { encodeRejectFile, type RejectFile } from '../shard/index.js'
import { type ConceptList, parseConcepts, parseConceptsFile } from './concepts-file.js'
import { contactProblem } from './contact.js'
import { textOf } from './file-text.js'
import type { ItemList } from './item-list.js'
import { readRejectFile } from './reject-file.js'
import { parseRules, parseRulesFile } from './rules-file.js'
import { type GivenSeed, parseSeeds, type Seeds, seedLines } from './seeds.js'

/** Call of `pairmill run`, before anything is checked. */
export interface RunCall {
  readonly seeds: readonly string[]
  /** Flags that were given, by key. */
  readonly flags: GivenOptions
  readonly configFile: string | null
  /** Options of a run that exists already: they hold where neither flags nor config file say otherwise. */
  readonly standing?: GivenOptions
}

export interface InputDeps {
  /** Absolute. */
  readonly cwd: string
  readonly userAgent: string
  readonly isFolder: (path: string) => boolean
  /** Relative names are taken from `cwd`; throws as node:fs does. */
  readonly readFile: (name: string) => Promise<string>
  readonly readStdin: () => Promise<string>
  /** As `readFile`, of a file that may be larger than a text can be. */
  readonly readChunks: (name: string) => AsyncIterable<Uint8Array>
}

type RunInput =
  | {
      readonly kind: 'input'
      readonly options: RunOptions
      /** Keys of `options` that flags or the config file decided. */
      readonly given: ReadonlySet<string>
      /** Those that `options.reject` names. */
      readonly rejectFiles: readonly RejectFile[]
      readonly notes: readonly string[]
    }
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

/**
 * Joins flags, config file and seeds, and checks all of it at once, so that one look shows everything that is
 * wrong. A flag takes the place of the same option of the config file, lists included; seeds on the command
 * line take the place of those in the config file. `sources`: what candidates come from beside pages; with any, seeds may be left out.
 */
export async function readRunInput(
  call: RunCall,
  deps: InputDeps,
  sources: RunOptions['sources'] = [],
): Promise<RunInput> {
  const config = call.configFile === null ? noConfig : await readConfig(call.configFile, deps)
  if (config.kind === 'problem') return { kind: 'problems', problems: config.message.split('\n') }
  const given = { ...config.given, ...call.flags }
  const fromCommandLine = call.seeds.length > 0 || call.flags.seeds !== undefined
  const seeds = await readSeeds(call.seeds, fromCommandLine ? call.flags.seeds : config.given.seeds, deps)
  const concepts = await readConcepts(given.concepts, nameOf('concepts', call), deps)
  const rules = await readRules(given.rules, nameOf('rules', call), deps)
  const lists = await readRejectLists(given.reject, deps)
  const parsed = parseRunOptions(
    { ...call.standing, ...given },
    {
      seeds: seeds.urls,
      sources,
      concepts: concepts.kind === 'concepts' ? concepts.concepts : null,
      rules: rules.kind === 'items' ? rules.items : [],
      reject: lists.listed,
      cwd: deps.cwd,
      userAgent: deps.userAgent,
      isFolder: deps.isFolder,
      nameOf: (key) => nameOf(key, call),
    },
  )
  const seedless =
    seeds.urls.length === 0 && seeds.problems.length === 0 && sources.length === 0
      ? ['no seed given: name at least one URL to start from, or --seeds FILE']
      : []
  const problems = [
    ...('problems' in parsed ? parsed.problems : []),
    ...(concepts.kind === 'problems' ? shortened(concepts.problems, 'concepts') : []),
    ...(rules.kind === 'problems' ? shortened(rules.problems, 'rules') : []),
    ...lists.problems,
    ...shortened(seeds.problems, 'seeds'),
    ...seedless,
  ]
  if ('problems' in parsed || problems.length > 0) return { kind: 'problems', problems }
  const missing = contactProblem(parsed.options, deps.userAgent)
  if (missing !== null) return { kind: 'problems', problems: [missing] }
  return {
    kind: 'input',
    options: parsed.options,
    given: givenFields(given),
    rejectFiles: lists.files,
    notes: notesOf(seeds),
  }
}

const noConfig: ConfigFile = { kind: 'config', given: {} }

async function readConfig(name: string, deps: InputDeps): Promise<ConfigFile> {
  const content = await readText('--config', name, deps)
  return 'problem' in content
    ? { kind: 'problem', message: content.problem }
    : parseConfigFile(content.text, name)
}

/** `source`: URLs as a list (config file only), or the name of a seeds file. Other types are refused elsewhere. */
async function readSeeds(positional: readonly string[], source: unknown, deps: InputDeps): Promise<Seeds> {
  const listed: GivenSeed[] = positional.map((text) => ({ text: text.trim(), line: null }))
  if (Array.isArray(source)) {
    const texts = source.filter((item): item is string => typeof item === 'string')
    listed.push(...texts.map((text) => ({ text: text.trim(), line: null })))
  }
  if (typeof source !== 'string' || source === '') return parseSeeds(listed, '')
  const content = await readText('--seeds', source, deps)
  if ('problem' in content) {
    const seeds = parseSeeds(listed, source)
    return { ...seeds, problems: [...seeds.problems, content.problem] }
  }
  return parseSeeds([...listed, ...seedLines(content.text)], source === '-' ? 'standard input' : source)
}

/** `source`: concepts as a list (config file only), the name of a file that holds one, or none. Other types are refused elsewhere. */
async function readConcepts(source: unknown, name: string, deps: InputDeps): Promise<ConceptList> {
  if (source === 'none') return { kind: 'concepts', concepts: [] }
  if (Array.isArray(source)) return parseConcepts(source, name)
  if (typeof source !== 'string' || source === '') return { kind: 'concepts', concepts: null }
  const content = await readText('--concepts', source, deps)
  if ('problem' in content) return { kind: 'problems', problems: [content.problem] }
  return parseConceptsFile(content.text, source)
}

/** `source`: rules as a list (config file only), or the name of a file that holds one. Other types are refused elsewhere. */
async function readRules(
  source: unknown,
  name: string,
  deps: Pick<InputDeps, 'readFile'>,
): Promise<ItemList<SiteRule>> {
  if (Array.isArray(source)) return parseRules(source, name)
  if (typeof source !== 'string' || source === '') return { kind: 'items', items: [] }
  const content = await readText('--rules', source, deps)
  if ('problem' in content) return { kind: 'problems', problems: [content.problem] }
  return parseRulesFile(content.text, source)
}

interface RejectLists {
  readonly listed: RunOptions['reject']
  readonly files: readonly RejectFile[]
  readonly problems: readonly string[]
}

/** `source`: names of files. Other types are refused elsewhere. */
async function readRejectLists(source: unknown, deps: Pick<InputDeps, 'readChunks'>): Promise<RejectLists> {
  const names = [source].flat().filter((name) => typeof name === 'string' && name !== '')
  const listed: RunOptions['reject'][number][] = []
  const files: RejectFile[] = []
  const problems: string[] = []
  for (const name of names as string[]) {
    const read = await readRejectFile(deps.readChunks(name), name)
    if (read.kind === 'problems') {
      problems.push(...read.problems)
      continue
    }
    const file = encodeRejectFile(read.entries)
    const { sha256, entries } = file
    files.push(file)
    listed.push({ name: basename(name), sha256, entries })
  }
  return { listed: joinedLists([], listed), files, problems }
}

async function readText(
  flag: string,
  name: string,
  deps: Pick<InputDeps, 'readFile'> & Partial<Pick<InputDeps, 'readStdin'>>,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  const content = await textOf(() =>
    name === '-' && flag === '--seeds' && deps.readStdin !== undefined
      ? deps.readStdin()
      : deps.readFile(name),
  )
  return 'text' in content ? content : { problem: `${flag}: cannot read '${name}': ${content.unreadable}` }
}

/** Where a value came from, as messages name it. */
function nameOf(key: string, call: RunCall): string {
  const known = optionKeys.find((name) => name === key)
  const fromConfig = call.configFile !== null && call.flags[key] === undefined && known !== 'out'
  if (known === undefined || fromConfig)
    return call.configFile === null ? key : `${key} in ${call.configFile}`
  return flagOf(known)
}

const mostListed = 20

function shortened(problems: readonly string[], what: string): readonly string[] {
  if (problems.length <= mostListed) return problems
  return [
    ...problems.slice(0, mostListed),
    `and ${problems.length - mostListed} more ${what} that cannot be used`,
  ]
}

function notesOf({ assumed }: Seeds): readonly string[] {
  const notes = assumed
    .slice(0, 5)
    .map(({ text, url }) => `seed ${shownUrl(text)} is read as ${shownUrl(url)}`)
  return assumed.length > 5
    ? [...notes, `${assumed.length - 5} more seeds without http:// or https://`]
    : notes
}
