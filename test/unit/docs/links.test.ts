import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pages, pageText, root } from '../../fixtures/docs/pages.js'

/** The anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )

const linksOf = (page: string): { target: string; anchor: string }[] =>
  [...pageText(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(
    ([, file = '', anchor = '']) => ({
      target: file === '' ? page : join(dirname(page), file),
      anchor,
    }),
  )

describe('links', () => {
  it.each(pages)('of %s lead to files and headings that are there', (page) => {
    for (const { target, anchor } of linksOf(page)) {
      expect(existsSync(join(root, target)), target).toBe(true)
      if (anchor !== '') expect(anchorsOf(pageText(target)), target).toContain(anchor)
    }
  })

  it('of the index lead to every page of docs', () => {
    const named = new Set(linksOf('docs/README.md').map(({ target }) => target))
    const listed = pages.filter((page) => /^docs\/(?!rooms\/|README)/.test(page))
    expect(listed.filter((page) => !named.has(page))).toEqual([])
  })

  it('of the README lead on to what a newcomer asks next', () => {
    const named = linksOf('README.md').map(({ target }) => target)
    for (const page of [
      'docs/README.md',
      'docs/options.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'SECURITY.md',
      'LICENSE',
    ])
      expect(named).toContain(page)
  })
})

it.each(['kept-pairs', 'report', 'report-threshold', 'explore-search', 'explore-live'])(
  'the picture %s is small',
  (name) => {
    expect(statSync(join(root, `docs/pictures/${name}.webp`)).size).toBeLessThan(150_000)
  },
)
