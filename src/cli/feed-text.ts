import {
  loadersText,
  type Recipe,
  type RecipeFacts,
  type RecipePlace,
  type RecipeSet,
} from '../feed/index.js'
import type { FedOrder } from './feed-order.js'
import { formatShare, page, table } from './figures.js'
import { amount } from './summary.js'

/** What is fed, and for each consumer the lines to paste, as they are, between blank lines. Pure. */
export function renderFeed(
  facts: RecipeFacts & {
    readonly notes: readonly string[]
    readonly order: FedOrder | { readonly unknown: string }
  },
  recipes: readonly Recipe[],
): string {
  const { sets, validation, notes, order } = facts
  const rows = [
    ...sets.map((set) => rowOf(set, set.weight === null ? '' : `weight ${set.weight}`)),
    ...(validation === null ? [] : [rowOf(validation, 'held back')]),
  ]
  const head = page([
    [
      `For ${loadersText(facts)}`,
      ...table(rows, ['left', 'right', 'right', 'left', 'left']),
      ...notes.map((note) => `  ${note}`),
    ],
    orderLines(order),
  ])
  // Lines to paste are no messages: nothing in them is struck out.
  return [head, ...recipes.map(recipeText)].join('\n')
}

/** The columns are the order that all readers of pairmill share, that of the tars, and what chance gives. */
function orderLines(order: FedOrder | { readonly unknown: string }): readonly string[] {
  if ('unknown' in order) return [`How well the hosts are mixed is not known: ${order.unknown}`]
  const { feed, tars, batchSize } = order
  const share = (figure: number) => formatShare(figure, 1)
  const bits = (figure: number) => `${figure.toFixed(2)} bits`
  return [
    `How well ${amount(feed.hosts, 'host')} are mixed`,
    ...table(
      [
        ['', 'openDataset, --serve', 'as the tars stand', 'full shuffle'],
        [
          'neighbours of one host',
          share(feed.adjacent.order),
          share(tars.adjacent.order),
          share(feed.adjacent.shuffled),
        ],
        [
          `entropy of the hosts of ${batchSize} pairs`,
          bits(feed.entropyBits.order),
          bits(tars.entropyBits.order),
          bits(feed.entropyBits.shuffled),
        ],
      ],
      ['left', 'right', 'right', 'right'],
    ),
  ]
}

function rowOf(set: RecipeSet, more: string): string[] {
  return [
    placeText(set.place),
    amount(set.samples, 'pair'),
    amount(set.shards.length, 'shard'),
    set.format,
    more,
  ]
}

const placeText = (place: RecipePlace): string => (place.kind === 'folder' ? place.path : place.url)

function recipeText({ title, lines, notes }: Recipe): string {
  const parts = [title, lines.join('\n'), notes.map((note) => `  ${note}`).join('\n')]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}
