import { z } from 'zod'
import { canonicalPattern } from '../../records/index.js'

/** Longest selector, in characters: it is parsed by recursion. */
const maxSelector = 1_000
const maxHosts = 100
const maxCaptions = 8
const maxRules = 1_000

/** What is wrong with a selector; null = nothing. `text`: it may end in `::attr(NAME)`. */
export type SelectorProblem = (selector: string, kind: 'element' | 'text') => string | null

/** Texts in a list may be one text alone. */
const oneOrMore = <Item extends z.ZodType>(item: Item, most: number) =>
  z.preprocess(
    (given) => (typeof given === 'string' ? [given] : given),
    z.array(item).min(1).max(most).readonly(),
  )

function ruleSchema(problemOf: SelectorProblem) {
  const selector = (kind: 'element' | 'text') =>
    z
      .string()
      .trim()
      .min(1, { abort: true })
      .max(maxSelector, { abort: true })
      .superRefine((given, context) => {
        const message = problemOf(given, kind)
        if (message !== null) context.addIssue({ code: 'custom', message })
      })
  const orNone = (kind: 'element' | 'text') => selector(kind).nullable().default(null)
  const host = z.string().transform((given, context) => {
    const pattern = canonicalPattern(given)
    if (pattern !== null) return pattern
    context.addIssue({ code: 'custom', message: 'no host such as example.org, and no *.example.org' })
    return z.NEVER
  })
  return z
    .strictObject({
      /** Canonical patterns, see canonicalPattern. */
      hosts: oneOrMore(host, maxHosts),
      /** Pictures to take, or elements around them; null = every one. */
      pictures: orNone('element'),
      /** Elements that each hold a picture with what is said of it. */
      card: selector('element').default('figure'),
      /** Captions in a picture's card, the most trusted first; empty = the rule names none. */
      captions: oneOrMore(selector('text'), maxCaptions).or(z.tuple([]).readonly()).default([]),
      /** Who made the picture, in its card; a text that is taken out of the page and so is part of no caption. */
      credit: orNone('text'),
      /** Link to the licence, in a picture's card, else on the page outside every card. */
      licence: orNone('text'),
      /** BCP 47 tag of the captions, likewise. */
      language: orNone('text'),
      /** Elements that are read as if they were not there. */
      ignore: orNone('element'),
      /** Links to follow, or elements around them; null = every one. */
      follow: orNone('element'),
    })
    .superRefine(({ hosts: _, card: __, captions, ...others }, context) => {
      if (captions.length > 0 || Object.values(others).some((given) => given !== null)) return
      context.addIssue({ code: 'custom', message: 'it says nothing about the pages of its hosts' })
    })
}

/** Rules of a file. A host pattern stands in one of them, so that it is plain which rule a page has. */
export function siteRulesSchema(problemOf: SelectorProblem) {
  return z
    .array(ruleSchema(problemOf))
    .max(maxRules)
    .superRefine((rules, context) => {
      const seen = new Set<string>()
      for (const [index, { hosts }] of rules.entries()) {
        for (const [at, host] of hosts.entries()) {
          if (seen.has(host)) {
            const message = 'a rule for these hosts stands before it'
            context.addIssue({ code: 'custom', path: [index, 'hosts', at], message })
          }
          seen.add(host)
        }
      }
    })
}

/** What is taken from the pages of some hosts, by CSS selectors. Plain JSON. */
export type SiteRule = z.output<ReturnType<typeof ruleSchema>>
