import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
// What the command loads only when it has concepts to check; here outside of the tests' time.
import '../../../src/filter/index.js'
import '../../../src/crawl/rules/compile.js'
import { type RunCall, readRunInput } from '../../../src/cli/run-input.js'

const files: Readonly<Record<string, string>> = {
  'sites.txt': '# two\nhttps://a.org/\nb.org\n',
  'bad.txt': 'ftp://a.org/\nhttps://ok.org/\nftp://b.org/\n',
  'crawl.json': JSON.stringify({
    out: 'from-config',
    seeds: ['https://config.org/'],
    maxPages: 10,
    lang: ['en'],
    include: ['*/a/*', '*/b/*'],
  }),
  'listed.json': JSON.stringify({ out: 'pairs', seeds: 'sites.txt' }),
  'typo.json': JSON.stringify({ maxPage: 10, out: 'x' }),
  'cats.json': JSON.stringify([{ name: 'cat', action: 'drop', prompts: ['a cat'], against: ['a photo'] }]),
  'bad-cats.json': JSON.stringify([{ name: 'cat', action: 'bin', prompts: ['a cat'], against: ['a photo'] }]),
  'catty.json': JSON.stringify({ out: 'x', seeds: ['https://a.org/'], concepts: [{ name: 'cat' }] }),
  'rules.json': JSON.stringify([{ hosts: 'a.org', captions: '.caption' }]),
  'bad-rules.json': JSON.stringify([{ hosts: 'a.org', captions: '.' }]),
  'ruled.json': JSON.stringify({ out: 'x', seeds: ['https://a.org/'], rules: [{ hosts: 'a.org' }] }),
  'wrong.json': JSON.stringify({ out: 'x', maxPages: 'many', dedupe: 'naer', seeds: 7 }),
}

const read = (call: Partial<RunCall>) =>
  readRunInput(
    { seeds: [], configFile: null, ...call, flags: { contact: 'ada@example.org', ...call.flags } },
    {
      cwd: '/home/ada',
      userAgent: 'pairmill/0.1',
      isFolder: () => false,
      readFile: async (name) => {
        const content = files[name]
        if (content === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: 'ENOENT' })
        return content
      },
      readChunks: () => Readable.from([]),
      readStdin: async () => 'https://stdin.org/\n',
    },
  )

const optionsOf = async (call: Partial<RunCall>) => {
  const input = await read(call)
  if (input.kind === 'problems') throw new Error(input.problems.join('\n'))
  return input.options
}

const problemsOf = async (call: Partial<RunCall>) => {
  const input = await read(call)
  return input.kind === 'problems' ? input.problems : []
}

describe('the input of a run', () => {
  it('joins seeds of the command line with those of a file', async () => {
    const input = await read({
      seeds: ['https://a.org', 'https://z.org'],
      flags: { out: 'x', seeds: 'sites.txt' },
    })
    expect(input).toMatchObject({
      kind: 'input',
      options: { seeds: ['https://a.org/', 'https://z.org/', 'https://b.org/'] },
      notes: ['seed b.org is read as https://b.org/'],
    })
  })

  it('reads seeds from standard input', async () => {
    expect(await optionsOf({ flags: { out: 'x', seeds: '-' } })).toMatchObject({
      seeds: ['https://stdin.org/'],
    })
  })

  it('takes what the flags leave open from the config file', async () => {
    expect(await optionsOf({ configFile: 'crawl.json' })).toMatchObject({
      out: '/home/ada/from-config',
      seeds: ['https://config.org/'],
      maxPages: 10,
      languages: ['en'],
    })
    expect(await optionsOf({ configFile: 'listed.json' })).toMatchObject({
      seeds: ['https://a.org/', 'https://b.org/'],
    })
  })

  it('lets flags win over the config file, lists and seeds as a whole', async () => {
    const flags = { out: 'mine', maxPages: '20', include: ['*/c/*'] }
    expect(await optionsOf({ seeds: ['https://mine.org/'], flags, configFile: 'crawl.json' })).toMatchObject({
      out: '/home/ada/mine',
      seeds: ['https://mine.org/'],
      maxPages: 20,
      include: ['*/c/*'],
      languages: ['en'],
    })
  })

  it('names everything that is wrong at once, and where it was said', async () => {
    expect(await problemsOf({ flags: { maxTime: '5', seeds: 'bad.txt' } })).toEqual([
      '--out: missing; expected a folder or s3://BUCKET/PREFIX',
      "--max-time: expected a time with its unit such as 30s, 10m or 2h, or none, got '5'",
      "bad.txt line 1: expected an http or https URL such as https://example.org/, got 'ftp://a.org/'",
      "bad.txt line 3: expected an http or https URL such as https://example.org/, got 'ftp://b.org/'",
    ])
    expect(
      await problemsOf({ seeds: ['https://a.org/'], configFile: 'wrong.json', flags: { minSide: 'x' } }),
    ).toEqual([
      'seeds in wrong.json: expected a file name, or - for standard input, got 7',
      "maxPages in wrong.json: expected a whole number from 1, or none, got 'many'",
      "--min-side: expected a whole number of pixels from 1, got 'x'",
      "dedupe in wrong.json: expected near, exact or off, got 'naer'; did you mean near?",
    ])
  })

  it('asks for a contact where a seed is not on this machine, and puts it into the user agent', async () => {
    const call = { seeds: ['https://a.org/'], flags: { out: 'x', contact: undefined } }
    expect(await problemsOf(call)).toEqual([
      '--contact: missing; a.org is not this machine, and who runs it must be able to reach you: ' +
        'give --contact with an e-mail address or URL, or a --user-agent that holds one',
    ])
    expect(await problemsOf({ ...call, seeds: ['localhost:8100'] })).toEqual([])
    const input = await read({ ...call, flags: { out: 'x', contact: 'https://a.org/bot' } })
    expect(input).toMatchObject({ kind: 'input', options: { userAgent: 'pairmill/0.1 (https://a.org/bot)' } })
    expect(input.kind === 'input' && input.given.has('userAgent')).toBe(true)
    expect(await problemsOf({ ...call, flags: { out: 'x', contact: 'me' } })).toEqual([
      "--contact: expected an e-mail address, or an http or https URL, got 'me'",
    ])
  })

  it('names an option that a config file does not have, and the near one', async () => {
    expect(await problemsOf({ configFile: 'typo.json' })).toEqual([
      "typo.json: no option is called 'maxPage'; did you mean 'maxPages'?",
    ])
  })

  it('names files that cannot be read', async () => {
    expect(await problemsOf({ configFile: 'gone.json' })).toEqual([
      "--config: cannot read 'gone.json': there is no such file",
    ])
    expect(await problemsOf({ flags: { out: 'x', seeds: 'gone.txt' } })).toEqual([
      "--seeds: cannot read 'gone.txt': there is no such file",
    ])
  })

  it('reads the concepts to look for from a file; none means no tags, nothing the default ones', async () => {
    const seeds = ['https://a.org/']
    const given = async (flags: Record<string, string>) =>
      (await optionsOf({ seeds, flags: { out: 'x', ...flags } })).concepts
    expect(await given({})).toBeNull()
    expect(await given({ concepts: 'none' })).toEqual([])
    expect(await given({ concepts: 'cats.json' })).toEqual([
      { name: 'cat', action: 'drop', prompts: ['a cat'], against: ['a photo'], margin: 0 },
    ])
    expect(await given({ concepts: 'none', model: 'none' })).toEqual([])
  })

  it('names what is wrong with concepts, and where they were given', async () => {
    const seeds = ['https://a.org/']
    const problems = (flags: Record<string, string>) => problemsOf({ seeds, flags: { out: 'x', ...flags } })
    expect(await problems({ concepts: 'gone.json' })).toEqual([
      "--concepts: cannot read 'gone.json': there is no such file",
    ])
    expect(await problems({ concepts: 'bad-cats.json', minSide: 'x' })).toEqual([
      "--min-side: expected a whole number of pixels from 1, got 'x'",
      'bad-cats.json item 1: action: expected tag, drop or keep, got "bin"',
    ])
    expect(await problems({ concepts: 'cats.json', model: 'none' })).toEqual([
      '--concepts: needs a model to see them with, but the model is none',
    ])
    expect((await problemsOf({ configFile: 'catty.json' }))[0]).toBe(
      'concepts in catty.json item 1: action: missing; expected tag, drop or keep',
    )
  })

  it('reads site rules from a file, and has none where none is given', async () => {
    const seeds = ['https://a.org/']
    expect((await optionsOf({ seeds, flags: { out: 'x' } })).rules).toEqual([])
    expect((await optionsOf({ seeds, flags: { out: 'x', rules: 'rules.json' } })).rules).toMatchObject([
      { hosts: ['a.org'], card: 'figure', captions: ['.caption'], follow: null },
    ])
  })

  it('names what is wrong with site rules, and where they were given', async () => {
    const problems = (rules: string) => problemsOf({ seeds: ['https://a.org/'], flags: { out: 'x', rules } })
    expect(await problems('gone.json')).toEqual(["--rules: cannot read 'gone.json': there is no such file"])
    expect(await problems('bad-rules.json')).toEqual([
      expect.stringMatching(/^bad-rules\.json item 1 \(a\.org\): captions: '\.': /),
    ])
    expect(await problemsOf({ configFile: 'ruled.json' })).toEqual([
      'rules in ruled.json item 1 (a.org): it says nothing about the pages of its hosts',
    ])
  })

  it('asks for a seed where there is none', async () => {
    expect(await problemsOf({ flags: { out: 'x' } })).toEqual([
      'no seed given: name at least one URL to start from, or --seeds FILE',
    ])
  })
})
