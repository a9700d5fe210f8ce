import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ruledPage } from '../../../fixtures/crawl/ruled.js'

const root = join(import.meta.dirname, '../../../..')
const docs = readFileSync(join(root, 'docs/rules.md'), 'utf8')
const [news, museum, shop] = [...docs.matchAll(/```json\n(.*?)```/gs)].map(
  ([, json = '']) => (JSON.parse(json) as Record<string, unknown>[])[0] ?? {},
)

function taken(name: string, rule: Readonly<Record<string, unknown>> | null) {
  const html = readFileSync(join(root, 'test/fixtures/crawl/rules', `${name}.html`), 'utf8')
  const { candidates, links } = ruledPage(html, rule)
  return {
    pictures: candidates.map(({ imageUrl, captions, ...candidate }) => ({
      picture: imageUrl.slice('https://a.test/'.length),
      caption: captions[0]?.text,
      sources: [...new Set(captions.map(({ source }) => source))][0],
      ...('credit' in candidate ? { credit: candidate.credit } : {}),
      ...(candidate.licenceUrl === null ? {} : { licence: candidate.licenceUrl }),
      language: candidate.pageLanguage,
    })),
    links: links.map((link) => link.slice('https://a.test'.length)),
  }
}

describe('a worked rule of the docs takes', () => {
  it('the pictures of a news story with captions and credit, and none of what is around it', () => {
    expect(taken('news', null).pictures).toHaveLength(6)
    expect(taken('news', news!)).toEqual({
      pictures: [
        {
          picture: '2026/01/waves.jpg',
          caption: 'Waves break over the mole at high tide',
          sources: 'rule',
          credit: 'Grace Hopper/Coast Pictures',
          language: 'en',
        },
        {
          picture: '2026/01/boats.jpg',
          caption: 'Fishing boats tied up behind the lock',
          sources: 'rule',
          language: 'en',
        },
      ],
      links: ['/news', '/sport', '/2025/12/tide', '/2026/01/lighthouse'],
    })
  })

  it('the views of a museum’s object with its words, maker of the photograph, licence and language', () => {
    const said = {
      sources: 'rule',
      credit: 'Mary Somerville',
      licence: 'https://creativecommons.org/publicdomain/zero/1.0/',
      language: 'fr',
    }
    expect(taken('museum', museum!)).toEqual({
      pictures: [
        {
          picture: 'iiif/1984-12-7_1/full/!800,800/0/default.jpg',
          caption: "Sextant de laiton dans son coffret d'acajou, vers 1790",
          ...said,
        },
        {
          picture: 'iiif/1984-12-7_2/full/!800,800/0/default.jpg',
          caption: 'The engraved scale from above',
          ...said,
        },
      ],
      links: ['/object/1984.12.8'],
    })
  })

  it('the products of a shop by their best words, and no badge or advertisement', () => {
    const product = { sources: 'rule', language: 'de' }
    expect(taken('shop', shop!)).toEqual({
      pictures: [
        { picture: 'img/4711.jpg', caption: 'Klappstuhl aus Akazienholz', ...product },
        { picture: 'img/4712.jpg', caption: 'Runder Tisch aus verzinktem Stahl', ...product },
      ],
      links: ['/p/4711', '/p/4712', '/gartenmoebel?seite=2'],
    })
  })
})
