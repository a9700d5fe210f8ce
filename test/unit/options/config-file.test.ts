import { describe, expect, it } from 'vitest'
import { parseConfigFile } from '../../../src/options/index.js'

describe('a config file', () => {
  it('gives options in camelCase', () => {
    expect(parseConfigFile('{"maxPages": 100, "lang": ["en"]}', 'crawl.json')).toEqual({
      kind: 'config',
      given: { maxPages: 100, lang: ['en'] },
    })
  })

  it.each([
    ['{"maxpage": 1}', "crawl.json: no option is called 'maxpage'; did you mean 'maxPages'?"],
    ['{"max-pages": 1}', "crawl.json: no option is called 'max-pages'; did you mean 'maxPages'?"],
    ['{"--min-side": 1}', "crawl.json: no option is called '--min-side'; did you mean 'minSide'?"],
    ['{"banana": 1}', "crawl.json: no option is called 'banana'"],
    ['[]', 'crawl.json: expected a JSON object such as {"maxPages": 100}'],
    ['null', 'crawl.json: expected a JSON object such as {"maxPages": 100}'],
  ])('%s is refused', (content, message) => {
    expect(parseConfigFile(content, 'crawl.json')).toEqual({ kind: 'problem', message })
  })

  it('that is not JSON is refused with what is wrong in it', () => {
    expect(parseConfigFile('{"maxPages": 1,}', 'crawl.json')).toEqual({
      kind: 'problem',
      message: expect.stringMatching(/^crawl\.json: not JSON: ./),
    })
  })
})
