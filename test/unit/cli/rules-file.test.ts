import { describe, expect, it } from 'vitest'
// What the command loads only when it has rules to check; here outside of the tests' time.
import '../../../src/crawl/index.js'
import '../../../src/crawl/rules/compile.js'
import { parseRules, parseRulesFile } from '../../../src/cli/rules-file.js'

const shop = { hosts: 'shop.test', captions: '.name' }

const problemsOf = async (content: unknown) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  const list = await parseRulesFile(text, 'r.json')
  return list.kind === 'problems' ? list.problems : []
}

describe('a file of site rules', () => {
  it('is a JSON list, filled in as it is stored', async () => {
    const nothingElse = {
      pictures: null,
      card: 'figure',
      captions: [],
      credit: null,
      licence: null,
      language: null,
      ignore: null,
      follow: null,
    }
    const rules = [
      { hosts: ['Shop.Test', '*.shop.test'], captions: ' .name ', licence: 'a.cc::attr(href)' },
      { hosts: 'news.test', ignore: 'aside, :has(> .ad)', captions: ['.a', 'img::attr(data-caption)'] },
    ]
    expect(await parseRulesFile(`\ufeff${JSON.stringify(rules)}`, 'r.json')).toEqual({
      kind: 'items',
      items: [
        {
          ...nothingElse,
          hosts: ['shop.test', '*.shop.test'],
          captions: ['.name'],
          licence: 'a.cc::attr(href)',
        },
        {
          ...nothingElse,
          hosts: ['news.test'],
          captions: ['.a', 'img::attr(data-caption)'],
          ignore: 'aside, :has(> .ad)',
        },
      ],
    })
    expect(await parseRulesFile('[]', 'r.json')).toEqual({ kind: 'items', items: [] })
  })

  it('is the same once more when it is read from what was stored', async () => {
    const first = await parseRules([shop, { hosts: ['b.test'], follow: 'main a' }], 'r.json')
    if (first.kind !== 'items') throw new Error(first.problems.join('\n'))
    expect(await parseRules(first.items, 'r.json')).toEqual(first)
  })

  const second = 'r.json item 2 (b.test): '
  it.each([
    ['{', [/^r\.json: not JSON: /]],
    [
      { hosts: 'a.test' },
      [/^r\.json: expected a JSON list of rules such as \[\{"hosts": \["\*\.example\.org"\]/],
    ],
    [['a.test'], [/^r\.json item 1: expected a rule such as \{"hosts".*\}$/]],
    [[null], [/^r\.json item 1: expected a rule such as/]],
    [
      [shop, { captions: 'p' }],
      ['r.json item 2: hosts: missing; expected hosts such as example.org or *.example.org, at least one'],
    ],
    [
      [shop, { hosts: [], captions: 'p' }],
      ['r.json item 2: hosts: expected hosts such as example.org or *.example.org, at least one, got []'],
    ],
    [
      [shop, { hosts: ['b.test', 'https://c.test/'], captions: 'p' }],
      [
        "r.json item 2 (b.test, https://c.test/): hosts: 'https://c.test/': no host such as example.org, and no *.example.org",
      ],
    ],
    [
      [shop, { hosts: ['b.test', 'SHOP.test'], captions: 'p' }],
      ["r.json item 2 (b.test, SHOP.test): hosts: 'SHOP.test': a rule for these hosts stands before it"],
    ],
    [[shop, { hosts: 'b.test', pictures: 'img[' }], [/^r\.json item 2 \(b\.test\): pictures: 'img\[': ./]],
    [
      [shop, { hosts: 'b.test', ignore: ':frist-child' }],
      [`${second}ignore: ':frist-child': Unknown pseudo-class :frist-child`],
    ],
    [
      [shop, { hosts: 'b.test', follow: 'a::attr(href)' }],
      [`${second}follow: 'a::attr(href)': it names elements, so ::attr() cannot stand here`],
    ],
    [
      [shop, { hosts: 'b.test', captions: ['p', '::attr(alt)'] }],
      [`${second}captions: '::attr(alt)': there is no element before ::attr()`],
    ],
    [[shop, { hosts: 'b.test', captions: '> p' }], [/^r\.json item 2 \(b\.test\): captions: '> p': ./]],
    [
      [shop, { hosts: 'b.test', captions: 'p::text' }],
      [/^r\.json item 2 \(b\.test\): captions: 'p::text': ./],
    ],
    [
      [shop, { hosts: 'b.test', captions: 7 }],
      [
        `${second}captions: expected a CSS selector that may end in ::attr(NAME), or a list of up to 8, got 7`,
      ],
    ],
    [
      [shop, { hosts: 'b.test', credit: ' ' }],
      [`${second}credit: expected a CSS selector that may end in ::attr(NAME), got " "`],
    ],
    [
      [shop, { hosts: 'b.test', card: null, captions: 'p' }],
      [`${second}card: expected a CSS selector, got null`],
    ],
    [
      [shop, { hosts: 'b.test', caption: 'p', follow: 'a' }],
      [`${second}no field is called 'caption'; did you mean 'captions'?`],
    ],
    [[shop, { hosts: 'b.test' }], [`${second}it says nothing about the pages of its hosts`]],
    [
      [
        { hosts: 'a.test', pictures: '[', ignore: ']' },
        { hosts: 'b.test', follow: '(' },
      ],
      [
        /^r\.json item 1 \(a\.test\): pictures: /,
        /^r\.json item 1 \(a\.test\): ignore: /,
        /^r\.json item 2 \(b\.test\): follow: /,
      ],
    ],
  ])('%j is refused with file, hosts, field and value', async (content, messages) => {
    expect(await problemsOf(content)).toEqual(
      messages.map((message) => (typeof message === 'string' ? message : expect.stringMatching(message))),
    )
  })
})
