import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRules, parseRulesFile } from '../../src/cli/rules-file.js'
import { extractPage } from '../../src/crawl/index.js'
import { selectorProblem } from '../../src/crawl/rules/compile.js'
import { applied } from '../../src/crawl/rules/ruled-page.js'
import { siteRulesSchema } from '../../src/crawl/rules/site-rule.js'
import { runs } from '../fixtures/runs.js'

const pieces = [
  ...['img', 'figure', 'div', 'li', '*', '.card', '#top', '[alt]', '[src^="/a"]', '[class~=card i]', 'o\\:p'],
  ...[
    ':first-child',
    ':nth-child(2n+1)',
    ':nth-last-of-type(-n+3)',
    ':not(',
    ':has(',
    ':is(',
    ':where(',
    ')',
  ],
  ...[
    ':contains("a")',
    ':root',
    ':scope',
    ':empty',
    ':hover',
    '::attr(alt)',
    '::before',
    '|',
    '\\',
    '"',
    "'",
  ],
  ...[' ', ' > ', ' + ', ' ~ ', ', ', '||', '[', ']', '(', ':', '.', '#', '1', 'é', '\u0000', '\ud800', '/*'],
]
const selector = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''))
const good = fc.constantFrom(
  'img',
  'figure',
  '.card',
  'div:has(img)',
  'li:nth-child(odd) img',
  'p ~ img',
  '#top *',
  'a',
  'meta, base, head',
)
const anything = fc.oneof(selector, good, fc.jsonValue({ maxDepth: 2 }))
const host = fc.oneof(fc.constantFrom('a.test', '*.a.test', '*', 'A.test.', 'a.test:80', ''), fc.string())
const fields = ['pictures', 'card', 'credit', 'licence', 'language', 'ignore', 'follow'] as const
const ruleOf = (value: fc.Arbitrary<unknown>, hosts: fc.Arbitrary<unknown>) =>
  fc.record(
    {
      hosts,
      captions: fc.oneof(value, fc.array(value, { maxLength: 3 })),
      ...Object.fromEntries(fields.map((field) => [field, value])),
    },
    { requiredKeys: ['hosts'] },
  )

const markup = fc
  .array(
    fc.constantFrom(
      ...[
        '<figure>',
        '</figure>',
        '<div class=card>',
        '</div>',
        '<li>',
        '<p id=top>',
        '</p>',
        '<ul>',
        '</ul>',
      ],
      ...['<img src=/a.jpg alt="a cat by the sea">', '<img src=/b.jpg>', '<img srcset="/c.jpg 2x" alt=c>'],
      ...['<a href=/x>', '<a href=/y rel=nofollow>', '</a>', 'words', '<meta name=robots content=nofollow>'],
      ...['<base href=/z/>', '<meta property=og:image content=/a.jpg>', '<template>', '<svg>', '<head>'],
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

const options = { imageSize: 512, productToken: 'pairmill', contentLanguage: null, xRobotsTag: null }
const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0)

describe('whatever stands in a file of rules', { timeout: 3_600_000 }, () => {
  it('it is read as it is stored, or refused with the file named', async () => {
    const content = fc.oneof(
      fc.string(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc
        .array(ruleOf(anything, fc.oneof(host, fc.array(host))), { maxLength: 3 })
        .map((value) => JSON.stringify(value)),
    )
    await fc.assert(
      fc.asyncProperty(content, async (text) => {
        const read = await parseRulesFile(text, 'r.json')
        if (read.kind === 'problems') {
          expect(read.problems.length).toBeGreaterThan(0)
          for (const problem of read.problems)
            expect(problem).toMatch(/^r\.json(?: item \d+[^:]*| [^:]*)?: ?./s)
        } else {
          expect(await parseRules(JSON.parse(JSON.stringify(read.items)), 'r.json')).toEqual(read)
        }
      }),
      { numRuns: runs.fuzz },
    )
  })

  it('a selector that is taken can be asked of any element', () => {
    fc.assert(
      fc.property(fc.oneof(selector, good), markup, (given, html) => {
        const parsed = siteRulesSchema(selectorProblem).safeParse([
          { hosts: 'a.test', pictures: given, follow: given },
        ])
        if (!parsed.success) return
        const rule = parsed.data[0]!
        const page = extractPage(html, 'https://a.test/', {
          ...options,
          rule: (document) => applied(rule, document),
        })
        expect(page.imagesSkipped.rule_costly).toBeUndefined()
      }),
      { numRuns: runs.fuzz },
    )
  })

  it('every image of a page is a candidate or counted, no link is invented, and no opt-out is hidden', () => {
    fc.assert(
      fc.property(ruleOf(good, fc.constant('a.test')), markup, (given, html) => {
        const parsed = siteRulesSchema(selectorProblem).safeParse([given])
        if (!parsed.success) return
        const rule = parsed.data[0]!
        const plain = extractPage(html, 'https://a.test/', options)
        const ruled = extractPage(html, 'https://a.test/', {
          ...options,
          rule: (document) => applied(rule, document),
        })
        expect(ruled.imagesSeen).toBe(plain.imagesSeen)
        expect(ruled.imagesNamed).toBe(plain.imagesNamed)
        expect(ruled.candidates.length + sum(ruled.imagesSkipped)).toBe(
          ruled.imagesSeen + (ruled.imagesNamed ?? 0),
        )
        expect(plain.links).toEqual(expect.arrayContaining([...ruled.links]))
        expect(ruled.refusal).toEqual(plain.refusal)
      }),
      { numRuns: runs.fuzz },
    )
  })
})
