import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../fixtures/run/pairmill.js'

const crawl = resolve(import.meta.dirname, '../../../dist/crawl/index.js')
const rules = [{ hosts: ['*.ruled.test'], pictures: 'main', card: 'figure', captions: [] }]

/** Whether a process that asks for the rules of these pages, and for no others, has loaded what reads selectors: V8 lists the files in what it writes for coverage. */
function isLoaded(...urls: readonly string[]): boolean {
  const folder = tempFolder()
  const program = `
    import { createRuleBook } from ${JSON.stringify(crawl)}
    const ruleOf = await createRuleBook(${JSON.stringify(rules)}).rulesFor(${JSON.stringify(urls)})
    console.log(${JSON.stringify(urls)}.filter((url) => ruleOf(url) !== null).length)`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: process.env.PATH, NODE_V8_COVERAGE: folder },
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([0, ''])
  const files = readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: { url: string }[] }
    return result.map(({ url }) => url)
  })
  expect(files.some((url) => url.endsWith('/dist/crawl/index.js'))).toBe(true)
  return files.some((url) => url.includes('/node_modules/css-select/'))
}

describe('what reads selectors', { timeout: 120_000 }, () => {
  it('is loaded by a page that has a rule, and by no other', () => {
    expect(isLoaded('https://a.test/', 'https://ruled.test/')).toBe(false)
    expect(isLoaded('https://a.test/', 'https://www.ruled.test/')).toBe(true)
  })
})
