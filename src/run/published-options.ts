import type { Source } from '../crawl/index.js'
import { type RunOptions, storedOptions } from '../options/index.js'
import { publishedPlace, shownUrl, withoutSecrets } from '../records/index.js'

/**
 * What a dataset says of the options that it was made with: all that decides its result, but nothing that lets somebody in, and nothing of where
 * its maker keeps files. A run is never gone on with by these: what is compared lies in its private state. Pure.
 */
export function publishedOptions(options: RunOptions): Record<string, unknown> {
  return {
    ...storedOptions(options),
    seeds: [...new Set(options.seeds.map(shownUrl))],
    // One that was begun before there were sources has none.
    sources: (options.sources ?? []).map(publishedSource),
    model: publishedPlace(options.model),
    include: options.include.map(withoutSecrets),
    exclude: options.exclude.map(withoutSecrets),
  }
}

function publishedSource(source: Source): Source {
  switch (source.kind) {
    case 'list':
      return { ...source, path: publishedPlace(source.path) }
    case 'archive': {
      const { place, base } = source
      return { ...source, place: publishedPlace(place), base: base === null ? null : publishedPlace(base) }
    }
  }
}
