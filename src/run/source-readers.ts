import { createRuleBook, defaultVisitOptions, fileOpener, openSource, startBytes } from '../crawl/index.js'
import type { Net } from '../net/index.js'
import type { RunOptions } from '../options/index.js'
import { openS3Object } from '../shard/index.js'
import { steadyClock } from '../timing/index.js'
import { optOutRules } from '../workers/index.js'
import type { NamedReader } from './ingest.js'
import type { Environment } from './run-types.js'

/** What reads the sources of a run, in their order. Nothing is opened yet. */
export function readersOf(
  options: RunOptions,
  { s3 }: Pick<Environment, 's3'>,
  net: Pick<Net, 'fetch'>,
): readonly NamedReader[] {
  const openFile = fileOpener({
    fetch: net.fetch,
    now: Date.now,
    random: Math.random,
    openS3: (url, signal) => openS3Object(url, startBytes, s3, signal),
  })
  const visit = {
    ...defaultVisitOptions,
    imageSize: options.imageSize,
    ...optOutRules(options),
    links: false,
    rules: createRuleBook(options.rules),
  }
  return options.sources.map((source) => ({
    source,
    reader: openSource(source, { openFile, visit, now: steadyClock() }),
  }))
}
