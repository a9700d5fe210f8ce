import type { FeedServer, ServeCounts } from '../feed/serve/index.js'
import { formatCount, page } from './figures.js'
import { amount } from './summary.js'

/** Of the line for open_clip, whose workers drop what does not fill a batch: one that is never filled is waited for without end. */
const batchSize = 64
const workers = 4

/** Where it listens, and what to paste. Pure. */
export function listeningText({ port, samples }: Pick<FeedServer, 'port' | 'samples'>): string {
  const url = `http://127.0.0.1:${port}`
  const batch = Math.max(1, Math.min(batchSize, samples))
  const world = Math.max(1, Math.min(workers, Math.floor(samples / batch)))
  const inBatches = world * batch * Math.floor(samples / world / batch)
  return page([
    [`Listening on ${url} for this machine alone: ${amount(samples, 'pair')} an epoch. Ctrl-C ends it.`],
    ['curl, an epoch as one tar:', `  curl -sf '${url}/epoch/0/00000-of-00001.tar' | tar -t | head`],
    [
      `open_clip, on one GPU; a batch of more than ${formatCount(Math.floor(samples / world))} pairs is never filled. A second call of it goes on where the first one was:`,
      `  python -m open_clip_train.main --dataset-type webdataset --train-data '${url}/epoch/next/${partsOf(world)}' --train-num-samples ${inBatches} --workers ${world} --model ViT-B-32 --batch-size ${batch}`,
    ],
    [
      `webdataset, with up to ${workers} workers in all:`,
      `  wds.WebDataset('${url}/epoch/0/${partsOf(workers)}', shardshuffle=False, nodesplitter=wds.split_by_node)`,
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

/** Names of the tars of an epoch, as loaders expand them. */
function partsOf(world: number): string {
  const [last, all] = [world - 1, world].map((number) => String(number).padStart(5, '0'))
  return `${world === 1 ? last : `{00000..${last}}`}-of-${all}.tar`
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
