import type { FeedServer, ServeCounts } from '../feed/serve/index.js'
import { formatCount, page } from './figures.js'
import { amount } from './summary.js'

/** Where it listens, and what to paste. Pure. */
export function listeningText({ port, samples }: Pick<FeedServer, 'port' | 'samples'>): string {
  const url = `http://127.0.0.1:${port}`
  const parts = `{00000..00003}-of-00004.tar`
  return page([
    [`Listening on ${url} for this machine alone: ${amount(samples, 'pair')} an epoch. Ctrl-C ends it.`],
    ['curl, an epoch as one tar:', `  curl -sf '${url}/epoch/0/00000-of-00001.tar' | tar -t | head`],
    [
      'open_clip, with 4 workers in all; a second call of it goes on where the first one was:',
      `  --dataset-type webdataset --train-data '${url}/epoch/next/${parts}' --train-num-samples ${samples}`,
    ],
    [
      'webdataset, likewise:',
      `  wds.WebDataset('${url}/epoch/0/${parts}', shardshuffle=False, nodesplitter=wds.split_by_node)`,
    ],
    [
      'PyTorch, any number of workers, states that a job keeps itself:',
      '  pairmill feed --python > pairmill_feed.py',
      `  PairmillFeed('${url}', batch_size=64)`,
    ],
    [
      "Behind a tar's name: ?where=SQL, caption=alt,figcaption, seed=7, split=val, state=1, from=STATE; an & stands between two.",
    ],
  ])
}

/** What is sent now. `before`: the counts of `sinceMs` ago. Pure. */
export function servedText(
  { streams, samples, state }: ServeCounts,
  before: Pick<ServeCounts, 'samples'>,
  sinceMs: number,
): string {
  const perSecond = sinceMs > 0 ? ((samples - before.samples) * 1000) / sinceMs : 0
  const place = state === null ? [] : [`epoch ${state.epoch}, place ${formatCount(state.place)}`]
  return [amount(streams, 'reader'), `${formatCount(Math.round(perSecond))} pairs/s`, ...place].join('  ')
}
