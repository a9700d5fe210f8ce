import { hasShardForEach, type Recipe, type RecipeFacts, type RecipeSet, type SourceCount } from './facts.js'
import { epochNotes, fewShardsNotes, retractNote, samplesEach, storeNotes } from './notes.js'
import { pythonText } from './quoting.js'
import { tarsOf } from './tars.js'

type Loaders = Pick<RecipeFacts, 'sets' | 'gpus' | 'workers'>

/** An expression of Python for pairs of picture and caption, link by link. It runs with webdataset 0.2.86, which open_clip pins, and 1.0. Pure. */
export function webdatasetLinks(facts: Loaders): readonly string[] {
  const { sets, gpus } = facts
  const isResampled = !hasShardForEach(facts)
  const end = [
    '.decode("pilrgb")',
    `.to_tuple("${[...new Set(sets.map(({ format }) => format))].join(';')}", "txt")`,
    ...(gpus > 1 || isResampled ? [`.with_epoch(${samplesEach(facts)})`] : []),
  ]
  return [`wds.WebDataset(${urlsOf(sets)}, ${manner(isResampled)})`, '.shuffle(1000)', ...end]
}

/** Pure. */
export function webdatasetRecipe(facts: RecipeFacts): Recipe {
  return {
    consumer: 'webdataset',
    title: 'webdataset',
    language: 'python',
    lines: webdatasetLines(facts),
    notes: webdatasetNotes(facts),
  }
}

/** Lines that end with `pairs`. */
export function webdatasetLines(facts: Loaders): readonly string[] {
  const { sets } = facts
  if (sets.some(({ weight }) => weight !== null))
    return ['import webdataset as wds', '', ...mixtureLines(facts)]
  const [first = '', ...links] = webdatasetLinks(facts)
  return ['import webdataset as wds', '', 'pairs = (', ...[first, ...links].map((link) => `    ${link}`), ')']
}

function webdatasetNotes(facts: RecipeFacts): readonly string[] {
  const isMixed = facts.sets.some(({ weight }) => weight !== null)
  return [
    ...(isMixed
      ? ['Shards are drawn by chance, again and again, and pairs of each dataset come as its weight says.']
      : [...fewShardsNotes(facts), ...(hasShardForEach(facts) && facts.gpus > 1 ? epochNotes(facts) : [])]),
    ...captionNotes(facts.captions),
    ...storeNotes(facts.sets),
    'It cannot go on within an epoch: pairmill feed --serve can.',
    retractNote,
  ]
}

/** Each dataset by itself, drawn from by its weight. */
function mixtureLines(facts: Loaders): readonly string[] {
  const { sets } = facts
  const formats = [...new Set(sets.map(({ format }) => format))].join(';')
  return [
    'mixture = wds.RandomMix(',
    '    [',
    ...sets.map((set) => `        wds.WebDataset(${urlsOf([set])}, ${manner(true)}),`),
    '    ],',
    `    probs=[${sets.map(({ weight }) => weight ?? 0).join(', ')}],`,
    ')',
    'pairs = wds.DataPipeline(',
    '    mixture,',
    '    wds.shuffle(1000),',
    '    wds.decode("pilrgb"),',
    `    wds.to_tuple("${formats}", "txt"),`,
    `).with_epoch(${samplesEach(facts)})`,
  ]
}

const manner = (isResampled: boolean): string =>
  isResampled
    ? 'resampled=True, shardshuffle=False, nodesplitter=wds.split_by_node'
    : 'shardshuffle=100, nodesplitter=wds.split_by_node'

function urlsOf(sets: readonly RecipeSet[]): string {
  return pythonText(sets.map(tarsOf).join('::'))
}

function captionNotes(captions: readonly SourceCount[] | null): readonly string[] {
  if (captions === null || captions.length === 0) return []
  const shown = captions.map(({ source, pairs }) => `caption_${source.replaceAll('-', '_')} (${pairs})`)
  return [
    `"txt" is the best text of a pair. "json" in its place gives the record, with one text of each source: ${shown.join(', ')}.`,
  ]
}
