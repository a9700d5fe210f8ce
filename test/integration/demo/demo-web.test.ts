import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { altOf, figcaptionOf, titleOf } from '../../../src/demo/captions.js'
import { badAlt, strangerOf } from '../../../src/demo/gallery.js'
import {
  type Catalogue,
  type DemoWeb,
  heldOutStyle,
  isRight,
  loadCatalogue,
  planDemoWeb,
  scoreAgainstTruth,
  startDemoWeb,
  styleNames,
  trainingStyles,
} from '../../../src/demo/index.js'
import { randomOf, shuffled } from '../../../src/demo/random.js'
import type { ScoredRow } from '../../../src/demo/truth.js'

const never = new AbortController().signal
const size = { seed: 'test', styles: ['noto', 'openmoji'] as const, picturesPerHost: 120 }
let catalogue: Catalogue
let web: DemoWeb

beforeAll(async () => {
  catalogue = await loadCatalogue(never)
  web = await startDemoWeb({ ...size, port: 0 }, never)
})
afterAll(() => web.close())

describe('the catalogue', () => {
  it('holds about 1,600 subjects that at least four sets draw, and no flag or skin tone', () => {
    expect(catalogue.subjects.length).toBeGreaterThan(1500)
    const ids = catalogue.subjects.map((s) => s.id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const subject of catalogue.subjects) {
      expect(subject.group).not.toBe('Flags')
      expect(subject.name).not.toMatch(/skin tone/)
      const sets = styleNames.filter((style) => catalogue.drawings.get(style)?.has(subject.id))
      expect(sets.length, subject.id).toBeGreaterThanOrEqual(4)
    }
  })

  it('keeps the held-out style apart from the training styles', () => {
    expect(trainingStyles).not.toContain(heldOutStyle)
    expect([...trainingStyles, heldOutStyle].toSorted()).toEqual([...styleNames].toSorted())
  })
})

describe('captions', () => {
  it('are right for their own subject and wrong for a stranger, for every subject', () => {
    for (const subject of catalogue.subjects) {
      const random = randomOf(subject.id)
      const shown = { picture: subject.id, name: subject.name, access: 'open' as const, alsoRight: [] }
      for (const text of [altOf(subject, random), figcaptionOf(subject, random)]) {
        expect(isRight(shown, text), text).toBe(true)
        expect(text.split(' ').length, text).toBeGreaterThanOrEqual(3)
      }
      expect(isRight(shown, titleOf(subject, random))).toBe(true)
      const stranger = strangerOf(subject, catalogue.subjects, random)
      expect(isRight(shown, altOf(stranger, random)), `${subject.name} / ${stranger.name}`).toBe(false)
      const wrong = badAlt('wrong', subject, catalogue.subjects, random) ?? ''
      expect(isRight(shown, wrong), `${subject.name} / ${wrong}`).toBe(false)
    }
  })
})

describe('the plan', () => {
  it('depends on nothing but its options', () => {
    const pages = (seed: string) =>
      planDemoWeb(catalogue, { ...size, seed }).hosts.map((host) => [
        host.host,
        [...host.pages].map(([path, page]) => [path, Buffer.from(page.body).toString('base64')]),
        [...host.images],
      ])
    expect(pages('a')).toEqual(pages('a'))
    expect(pages('a')).not.toEqual(pages('b'))
  })

  it('names no image in the truth that it does not serve, but the broken ones', () => {
    const { hosts, truth } = planDemoWeb(catalogue, size)
    const served = new Set(
      hosts.flatMap((host) => [...host.images.keys()].map((path) => `http://${host.host}${path}`)),
    )
    for (const [url, shown] of truth.shown) {
      expect(new URL(url).href).toBe(url)
      if (!served.has(url)) expect(shown.access, url).toBe('broken')
    }
    const open = new Set([...truth.shown.values()].filter((s) => s.access === 'open').map((s) => s.picture))
    for (const picture of truth.wanted) expect(open, picture).toContain(picture)
    expect(truth.wanted.size).toBeGreaterThan(120)
  })

  it('shuffles without loss', () => {
    const items = Array.from({ length: 200 }, (_, i) => i)
    const order = shuffled(randomOf('x'), items)
    expect(order).not.toEqual(items)
    expect(order.toSorted((a, b) => a - b)).toEqual(items)
  })
})

describe('the server', () => {
  // fetch cannot set Host, so the plain client does.
  const get = async (host: string, path: string) => {
    const { request } = await import('node:http')
    return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>(
      (resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port: web.port, path, headers: { host } }, (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts),
            }),
          )
        })
        sent.setTimeout(10_000, () => sent.destroy(new Error('timeout')))
        sent.on('error', reject)
        sent.end()
      },
    )
  }
  const pictures = () => planDemoWeb(catalogue, size).hosts[0]?.images ?? new Map()
  const pathOf = (
    test: (file: { format: string; whole: number; look: { background: unknown } }) => boolean,
  ) => [...pictures()].find(([, file]) => file.kind === 'picture' && test(file))?.[0] ?? ''

  it('chooses the site by the Host header', async () => {
    expect(web.hosts).toEqual(['noto.example', 'openmoji.example'])
    expect((await get('noto.example', '/')).body.toString()).toContain('The Noto Picture Book')
    expect((await get('openmoji.example:80', '/')).body.toString()).toContain('The OpenMoji Picture Book')
    expect((await get('elsewhere.example', '/')).status).toBe(404)
  })

  it('has robots.txt, a sitemap, a redirect, missing pages and a page in another encoding', async () => {
    expect((await get('noto.example', '/robots.txt')).body.toString()).toContain('Disallow: /private/')
    expect((await get('noto.example', '/sitemap.xml')).body.toString()).toContain(
      'http://noto.example/articles/lost',
    )
    const moved = await get('noto.example', '/old-gallery')
    expect([moved.status, moved.headers.location]).toEqual([301, '/gallery'])
    expect((await get('noto.example', '/nowhere')).status).toBe(404)
    expect((await get('noto.example', '/de/')).body.toString('latin1')).toContain('Bilder für alle')
  })

  it('counts what robots.txt forbids', async () => {
    const before = web.forbiddenRequests()
    await get('noto.example', '/private/members')
    await get('noto.example', '/articles/1?print=1')
    expect(web.forbiddenRequests()).toBe(before + 2)
  })

  it('serves pictures that pass the default image rules, in every format', async () => {
    for (const format of ['jpeg', 'png', 'webp']) {
      const path = pathOf((file) => file.format === format && file.whole === 1)
      const { status, body, headers } = await get('noto.example', path)
      expect([status, headers['content-type']]).toEqual([200, `image/${format}`])
      expect(body.length).toBeGreaterThanOrEqual(5000)
      const meta = await sharp(body).metadata()
      expect([meta.format, meta.width >= 200]).toEqual([format, true])
      expect((await get('noto.example', path)).body.equals(body)).toBe(true)
    }
  })

  it('serves transparent pictures, animated ones and cut ones', async () => {
    const { hosts } = planDemoWeb(catalogue, { ...size, styles: ['noto'], picturesPerHost: null })
    expect(
      [...(hosts[0]?.images.values() ?? [])].some((f) => f.kind === 'picture' && f.format === 'gif'),
    ).toBe(true)
    const clear = pathOf((file) => file.look.background === 'none' && file.format === 'png')
    expect((await sharp((await get('noto.example', clear)).body).metadata()).hasAlpha).toBe(true)
    const cut = pathOf((file) => file.whole < 1)
    if (cut !== '')
      await expect(
        sharp((await get('noto.example', cut)).body)
          .raw()
          .toBuffer(),
      ).rejects.toThrow()
  })
})

describe('the score', () => {
  const row = (url: string, caption: string, reason: ScoredRow['reason'] = null): ScoredRow => ({
    url,
    caption,
    reason,
    captions: [{ source: 'alt', text: caption, score: null }],
  })

  it('is 1 and 1 for a run that keeps every wanted picture with its name', () => {
    const { truth } = web
    const wanted = new Map(
      [...truth.shown]
        .filter(([, s]) => s.access === 'open')
        .map(([url, s]) => [s.picture, [url, s] as const]),
    )
    const rows = [...truth.wanted].map((picture) => {
      const [url, shown] = wanted.get(picture)!
      return row(url, `a picture of ${shown.name}`)
    })
    expect(scoreAgainstTruth(rows, truth)).toMatchObject({
      precision: 1,
      recall: 1,
      keptWrong: 0,
      forbiddenKept: 0,
    })
  })

  it('is lowered by wrong captions, pictures of nothing, and pictures left out', () => {
    const { truth } = web
    const [url, shown] = [...truth.shown].find(([, s]) => truth.wanted.has(s.picture) && s.access === 'open')!
    const score = scoreAgainstTruth(
      [
        row(url, `a picture of ${shown.name}`),
        row(url, 'something else entirely'),
        row('http://noto.example/assets/office.png', 'our friendly office'),
        row(url, 'a wrong thing', 'score_low'),
      ],
      truth,
    )
    expect(score).toMatchObject({
      kept: 3,
      keptRight: 1,
      keptWrong: 2,
      offeredRight: 1,
      offeredWrong: 3,
      repeatedKept: 1,
    })
    expect(score.precision).toBeCloseTo(1 / 3)
    expect(score.recall).toBeCloseTo(1 / truth.wanted.size)
  })

  it('counts pictures that were kept against the site’s word', () => {
    const [url, shown] = [...web.truth.shown].find(([, s]) => s.access === 'forbidden')!
    expect(scoreAgainstTruth([row(url, shown.name)], web.truth).forbiddenKept).toBe(1)
  })

  it('is 1 and 1 where nothing was wanted and nothing kept', () => {
    expect(scoreAgainstTruth([], { shown: new Map(), wanted: new Set() })).toMatchObject({
      precision: 1,
      recall: 1,
    })
  })
})
