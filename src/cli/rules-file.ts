import type { SiteRule } from '../crawl/index.js'
import { checkedItems, type ItemKind, type ItemList, parseItemFile } from './item-list.js'

const elements = 'a CSS selector'
const texts = 'a CSS selector that may end in ::attr(NAME)'

const rule: ItemKind = {
  article: 'a rule',
  plural: 'rules',
  example: '{"hosts": ["*.example.org"], "card": "article", "captions": [".caption"], "ignore": "footer"}',
  fields: {
    hosts: 'hosts such as example.org or *.example.org, at least one',
    pictures: elements,
    card: elements,
    captions: `${texts}, or a list of up to 8`,
    credit: texts,
    licence: texts,
    language: texts,
    ignore: elements,
    follow: elements,
  } satisfies Record<keyof SiteRule, string>,
  nameOf: ({ hosts }) => {
    const named = [hosts].flat().filter((host) => typeof host === 'string' && host !== '')
    return named.length === 0 ? null : named.slice(0, 3).join(', ')
  },
}

/** A file of site rules: a JSON list. `name` is for messages. */
export async function parseRulesFile(content: string, name: string): Promise<ItemList<SiteRule>> {
  const file = parseItemFile(content, name, rule)
  return file.kind === 'items' ? parseRules(file.items, name) : file
}

export async function parseRules(items: readonly unknown[], name: string): Promise<ItemList<SiteRule>> {
  const { loadRulesSchema } = await import('../crawl/index.js')
  return checkedItems<SiteRule>(items, name, rule, await loadRulesSchema())
}
