import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromium, unlessThere } from '../../fixtures/render/chromium.js'
import { attemptsOf, countersOf, newOut, pairmill, pairsOf, tempFolder } from '../../fixtures/run/pairmill.js'
import { photo, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const rule = {
  hosts: ['ruled.test', '*.ruled.test'],
  pictures: 'main',
  card: 'section',
  captions: 'p',
  credit: 'i',
  follow: 'main a',
}

describe('site rules', { timeout: 300_000 }, () => {
  let web: TestWeb
  const folder = tempFolder()
  const file = (name: string, rules: unknown): string => {
    const path = join(folder, name)
    writeFileSync(path, JSON.stringify(rules))
    return path
  }
  const rules = file('rules.json', [rule])
  const other = file('other.json', [{ ...rule, captions: 'b' }])

  const words = (...more: string[]) => [...more, '--delay-ms', '0', ...web.words]
  const run = (out: string, ...more: string[]) =>
    pairmill(
      words('run', 'http://ruled.test/', 'http://plain.test/', '--out', out, '--model', 'none', ...more),
    )

  beforeAll(async () => {
    web = await startTestWeb()
    const section = (n: number) =>
      `<section><img src="/${n}.jpg" alt="alt of number ${n}"><p>${sentence(n)} <i>Ada ${n}</i></p></section>`
    for (const [h, host] of ['ruled.test', 'plain.test'].entries()) {
      web.serve(
        `${host}/`,
        `<!doctype html><title>x</title><nav><a href="/nav">n</a><img src="/9.jpg" alt="a picture of the nav"></nav><main>${section(1)}<a href="/more">on</a></main>`,
      )
      web.serve(`${host}/more`, `<!doctype html><title>y</title><main>${section(2)}</main>`)
      web.serve(`${host}/nav`, `<!doctype html><title>z</title><main>${section(3)}</main>`)
      for (const n of [1, 2, 3, 9]) web.picture(`${host}/${n}.jpg`, await photo(100 * h + n))
    }
    // The same in a browser alone: static HTML has a picture that the rule leaves out, and a link that it does not follow.
    const built = `<!doctype html><title>b</title><nav><a href="/nav">n</a></nav><div id="app"></div><script src="/app.js"></script>`
    web.serve('built.test/', built)
    web.serve('built.test/more', built)
    web.serve('built.test/nav', built)
    web.serve('built.test/app.js', {
      headers: { 'content-type': 'text/javascript' },
      body: `const n = { '/': 1, '/more': 2, '/nav': 3 }[location.pathname]
        document.querySelector('#app').innerHTML = '<main><div class="ad"><img src="/9.jpg" alt="a picture of an advertisement"></div>'
          + ${JSON.stringify(section(0))}.replace('/0.jpg', '/' + n + '.jpg').replace('number 0', 'number ' + n).replace(${JSON.stringify(sentence(0))}, ${JSON.stringify([0, 1, 2, 3].map((n) => sentence(n)))}[n])
          + '<a href="/more">on</a></main><aside><a href="/nav">n</a><img src="/9.jpg" alt="a picture of the aside"></aside>'`,
    })
    for (const n of [1, 2, 3, 9]) web.picture(`built.test/${n}.jpg`, await photo(400 + n))
    web.serve('closed.test/robots.txt', 'User-agent: *\nDisallow: /secret\nDisallow: /2.jpg\n')
    web.page('closed.test/open', {
      images: [1, 2, 3].map((n) => ({ src: `/${n}.jpg`, alt: sentence(n) })),
    })
    web.picture('closed.test/1.jpg', await photo(301))
    web.picture('closed.test/2.jpg', await photo(302))
  }, 120_000)
  afterAll(() => web.close())

  it('decide what a run takes from the pages of their hosts, and from no others', async () => {
    const out = newOut()
    const { code, stdout } = await run(out, '--rules', rules)
    expect(code).toBe(0)
    expect(await pairsOf(out)).toEqual(
      [
        ...[1, 2].map((n) => `http://ruled.test/${n}.jpg ${sentence(n)}`),
        ...[1, 2, 3].map((n) => `http://plain.test/${n}.jpg alt of number ${n}`),
        'http://plain.test/9.jpg a picture of the nav',
      ].toSorted(),
    )
    const credits = (await attemptsOf(out)).map(({ url, credit }) => [url, credit])
    expect(Object.fromEntries(credits)).toMatchObject({
      'http://ruled.test/1.jpg': 'Ada 1',
      'http://plain.test/1.jpg': null,
    })
    expect(await countersOf(out)).toMatchObject({ 'image_skipped:rule': 1, 'link_skipped:rule': 1 })
    expect(stdout).toContain('the rule of its site leaves it out (--rules)')
  })

  it.skipIf(chromium === null)(`hold for what a browser shows${unlessThere}`, async () => {
    const path = file('built.json', [
      {
        ...rule,
        hosts: ['built.test'],
        pictures: 'body > div > main',
        ignore: '.ad',
        credit: 'main > section i',
      },
    ])
    const out = newOut()
    const seeds = ['run', 'http://built.test/', '--out', out, '--model', 'none']
    const { code, stdout } = await pairmill(words(...seeds, '--rules', path))
    expect(code).toBe(0)
    expect(await pairsOf(out)).toEqual([1, 2].map((n) => `http://built.test/${n}.jpg ${sentence(n)}`))
    expect((await attemptsOf(out)).map(({ credit }) => credit)).toEqual(['Ada 0', 'Ada 0'])
    expect(web.seenAt('built.test').map(({ path: asked }) => asked)).not.toContain('/nav')
    expect(await countersOf(out)).toMatchObject({
      pages_rendered: 2,
      renders_paid: 2,
      'image_skipped:rule': 4,
      'link_skipped:rule': 4,
    })
    expect(stdout).toContain('the rule of its site leaves it out (--rules)')
  })

  it('stay as they are for as long as the run goes on', async () => {
    const out = newOut()
    const limit = ['--max-pages', '1']
    expect((await run(out, '--rules', rules, ...limit)).code).toBe(0)
    const changed = await run(out, '--rules', other)
    expect([changed.code, changed.stderr]).toEqual([4, expect.stringContaining('--rules')])
    expect((await run(out)).code).toBe(4)
    expect((await run(out, '--rules', rules)).code).toBe(0)
  })

  it('are refused before anything is started, with file, hosts, field and value', async () => {
    const wrong = file('wrong.json', [{ hosts: 'a.test', captions: 'p:frist-child' }])
    const { code, stderr } = await run(newOut(), '--rules', wrong)
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(
        `${wrong} item 1 (a.test): captions: 'p:frist-child': Unknown pseudo-class :frist-child`,
      ),
    ])
  })

  it('are tried on one page by inspect, which obeys robots.txt and fetches images where it is told to', async () => {
    const { code, stdout } = await pairmill(
      words('inspect', 'http://ruled.test/', '--rules', rules, '--json'),
    )
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      v: 1,
      kind: 'page',
      url: 'http://ruled.test/',
      permission: { rule: 'robots:absent' },
      rule: ['ruled.test', '*.ruled.test'],
      pictures: [
        { elements: ['nav:root > img'], skipped: 'rule' },
        {
          elements: ['main:root > section > img'],
          skipped: null,
          credit: 'Ada 1',
          captions: [
            { source: 'rule', text: sentence(1), verdict: null },
            { source: 'alt', verdict: 'spare' },
          ],
          image: null,
        },
      ],
      links: [
        { href: '/nav', verdict: 'rule' },
        { href: '/more', verdict: 'follow' },
      ],
    })
    const before = web.seenAt('closed.test').length
    const closed = await pairmill(words('inspect', 'http://closed.test/secret'))
    expect([closed.code, closed.stdout]).toEqual([1, expect.stringContaining('not read: robots')])
    const open = await pairmill(words('inspect', 'http://closed.test/open', '--fetch', '--json'))
    const { pictures } = JSON.parse(open.stdout) as { pictures: { image: { reason: string | null } }[] }
    expect([open.code, pictures.map(({ image }) => image.reason)]).toEqual([0, [null, 'robots', 'http_4xx']])
    const asked = web
      .seenAt('closed.test')
      .slice(before)
      .map(({ path }) => path)
    expect(asked).toEqual(expect.arrayContaining(['/robots.txt', '/open', '/1.jpg', '/3.jpg']))
    expect(asked).not.toContain('/secret')
    expect(asked).not.toContain('/2.jpg')
  })
})
