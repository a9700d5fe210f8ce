import {
  loadersText,
  type Recipe,
  type RecipeFacts,
  type RecipePlace,
  type RecipeSet,
} from '../feed/index.js'
import { page, table } from './figures.js'
import { amount } from './summary.js'

/** What is fed, and for each consumer the lines to paste, as they are, between blank lines. Pure. */
export function renderFeed(
  facts: RecipeFacts & { readonly notes: readonly string[] },
  recipes: readonly Recipe[],
): string {
  const { sets, validation, notes } = facts
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
  ])
  // Lines to paste are no messages: nothing in them is struck out.
  return [head, ...recipes.map(recipeText)].join('\n')
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
