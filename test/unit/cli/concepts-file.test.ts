import { describe, expect, it } from 'vitest'
// What the command loads only when it has concepts to check; here outside of the tests' time.
import '../../../src/filter/index.js'
import { parseConcepts, parseConceptsFile } from '../../../src/cli/concepts-file.js'

const cat = { name: 'cat', action: 'drop', prompts: ['a cat'], against: ['a photo'] }

const problemsOf = async (content: unknown) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  const list = await parseConceptsFile(text, 'c.json')
  return list.kind === 'problems' ? list.problems : []
}

describe('a file of concepts', () => {
  it('is a JSON list, also with a byte order mark', async () => {
    expect(await parseConceptsFile(`\ufeff${JSON.stringify([cat])}`, 'c.json')).toEqual({
      kind: 'concepts',
      concepts: [{ ...cat, margin: 0 }],
    })
    expect(await parseConceptsFile('[]', 'c.json')).toEqual({ kind: 'concepts', concepts: [] })
  })

  it.each([
    ['{', [/^c\.json: not JSON: /]],
    [{ cat }, [/^c\.json: expected a JSON list of concepts such as \[\{"name": "cat"/]],
    [['cat'], [/^c\.json item 1: expected a concept such as \{"name": "cat".*\}$/]],
    [[null], [/^c\.json item 1: expected a concept such as/]],
    [
      [cat, { ...cat, name: 'Tom & Jerry' }],
      ['name: expected a name of lower-case letters, digits, - and _, got "Tom & Jerry"'],
    ],
    [[cat, { ...cat, name: 'a', action: 'remove' }], ['action: expected tag, drop or keep, got "remove"']],
    [[cat, { ...cat, name: 'a', action: undefined }], ['action: missing; expected tag, drop or keep']],
    [[cat, { ...cat, name: 'a', prompts: [] }], ['prompts: expected a list of texts, at least one, got []']],
    [
      [cat, { ...cat, name: 'a', prompts: 'a cat' }],
      ['prompts: expected a list of texts, at least one, got "a cat"'],
    ],
    [
      [cat, { ...cat, name: 'a', against: ['x', ' '] }],
      ['against: expected a list of texts, at least one, got ["x"," "]'],
    ],
    [[cat, { ...cat, name: 'a', margin: 3 }], ['margin: expected a number from -2 to 2, got 3']],
    [[cat, { ...cat, name: 'a', margin: '0.1' }], ['margin: expected a number from -2 to 2, got "0.1"']],
    [[cat, { ...cat, name: 'a', promts: ['b'] }], ["no field is called 'promts'; did you mean 'prompts'?"]],
    [[cat, cat], ["name: 'cat': a concept of this name stands before it"]],
    [
      [cat, { name: 'a', action: 'no' }],
      [
        'action: expected tag, drop or keep, got "no"',
        'prompts: missing; expected a list of texts, at least one',
        'against: missing; expected a list of texts, at least one',
      ],
    ],
  ])('%j is refused with file, item, field and what is expected', async (content, messages) => {
    const problems = await problemsOf(content)
    expect(problems).toEqual(
      messages.map((message) =>
        typeof message === 'string' ? `c.json item 2: ${message}` : expect.stringMatching(message),
      ),
    )
  })

  it('may stand in the config file itself', async () => {
    expect(await parseConcepts([cat], 'concepts in crawl.json')).toMatchObject({ kind: 'concepts' })
    expect(await parseConcepts([{ ...cat, margin: null }], 'concepts in crawl.json')).toEqual({
      kind: 'problems',
      problems: ['concepts in crawl.json item 1: margin: expected a number from -2 to 2, got null'],
    })
  })
})
