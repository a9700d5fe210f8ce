import { describe, expect, it } from 'vitest'
import { type Commands, runProgram } from '../../../src/cli/program.js'
import { defaultText, flagOf, type OptionKey, optionKeys, optionOf } from '../../../src/options/index.js'
import { paper } from '../../fixtures/cli/output.js'

async function typed(...words: string[]) {
  const calls: unknown[] = []
  const commands: Commands = {
    async run(call) {
      calls.push(['run', call])
      return 0
    },
    async verify(call) {
      calls.push(['verify', call])
      return 1
    },
    async status(call) {
      calls.push(['status', call])
      return 0
    },
    async query(call) {
      calls.push(['query', call])
      return 0
    },
    async stats(call) {
      calls.push(['stats', call])
      return 0
    },
    async report(call) {
      calls.push(['report', call])
      return 0
    },
    async explore(call) {
      calls.push(['explore', call])
      return 0
    },
    async show(call) {
      calls.push(['show', call])
      return 0
    },
    async permissions(call) {
      calls.push(['permissions', call])
      return 0
    },
    async retract(call) {
      calls.push(['retract', call])
      return 0
    },
    async inspect(call) {
      calls.push(['inspect', call])
      return 0
    },
    async crawl(call) {
      calls.push(['crawl', call])
      return 0
    },
    async work(call) {
      calls.push(['work', call])
      return 0
    },
    async forget(call) {
      calls.push(['forget', call])
      return 0
    },
    async order(call) {
      calls.push(['order', call])
      return 0
    },
    async images(call) {
      calls.push(['images', call])
      return 0
    },
    async warc(call) {
      calls.push(['warc', call])
      return 0
    },
    async feed(call) {
      calls.push(['feed', call])
      return 0
    },
    async feedServe(call) {
      calls.push(['feed --serve', call])
      return 0
    },
    async feedPython() {
      calls.push(['feed --python'])
      return 0
    },
    async curate(call) {
      calls.push(['curate', call])
      return 0
    },
    async demo(call) {
      calls.push(['demo', call])
      return 0
    },
    async classify(call) {
      calls.push(['classify', call])
      return 0
    },
  }
  const stdout = paper()
  const stderr = paper()
  const code = await runProgram(words, { commands, version: '0.1.0', stdout, stderr })
  return { code, calls, stdout: stdout.text(), stderr: stderr.text() }
}

describe('the command line', () => {
  it('demo has a folder and a free port unless told otherwise, and refuses what is no port', async () => {
    const usual = await typed('demo')
    expect(usual.calls).toEqual([
      ['demo', { out: 'pairmill-demo', port: 0, model: null, serveOnly: false, progress: null }],
    ])
    const told = await typed(
      'demo',
      '--out',
      'x',
      '--port',
      '8100',
      '--model',
      'm',
      '--serve',
      '--progress',
      'json',
    )
    expect(told.calls).toEqual([
      ['demo', { out: 'x', port: 8100, model: 'm', serveOnly: true, progress: 'json' }],
    ])
    expect(await typed('demo', '--progress', 'line')).toMatchObject({ code: 2, calls: [] })
    const wrong = await typed('demo', '--port', '70000')
    expect(wrong.calls).toEqual([])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('70000')
  })

  it('feed prints lines, serves or prints its reader, and wants a dataset for the first two', async () => {
    expect((await typed('feed', 'a:0.7,b:0.3', '--serve', '--port', '0', '--state', 's')).calls).toEqual([
      ['feed --serve', { datasets: ['a:0.7,b:0.3'], port: 0, stateDir: 's' }],
    ])
    expect((await typed('feed', 'a', 'b', '--serve')).calls).toEqual([
      ['feed --serve', { datasets: ['a', 'b'], port: 8000, stateDir: null }],
    ])
    expect((await typed('feed', '--python')).calls).toEqual([['feed --python']])
    for (const words of [['feed'], ['feed', '--serve']]) {
      const { code, calls, stderr } = await typed(...words)
      expect([code, calls, stderr]).toEqual([2, [], expect.stringContaining("argument 'DATASET'")])
    }
  })

  it('query takes a dataset and one statement, and prints it in one of three ways', async () => {
    const call = { dir: 'd', sql: 'select 1', progress: null }
    expect((await typed('query', 'd', 'select 1')).calls).toEqual([['query', { ...call, style: 'table' }]])
    expect((await typed('query', 'd', 'select 1', '--csv')).calls).toEqual([
      ['query', { ...call, style: 'csv' }],
    ])
    expect((await typed('query', 'd', 'select 1', '--json')).calls).toEqual([
      ['query', { ...call, style: 'json' }],
    ])
    expect(await typed('query', 'd', 'select 1', '--json', '--csv')).toMatchObject({ code: 2, calls: [] })
    expect(await typed('query', 'd')).toMatchObject({ code: 2, calls: [] })
    expect((await typed('query', '--help')).stdout).toContain('pairmill query my-dataset "select')
  })

  it('stats takes a dataset, show a pair of it, and where its picture goes', async () => {
    expect((await typed('stats', 'd', '--json', '--progress', 'plain')).calls).toEqual([
      ['stats', { dir: 'd', json: true, progress: 'plain' }],
    ])
    expect((await typed('show', 'd', '000000001')).calls).toEqual([
      ['show', { dir: 'd', name: '000000001', out: null, force: false, json: false }],
    ])
    expect((await typed('show', 'd', 'ab', '--out', 'p.jpg', '--force', '--json')).calls).toEqual([
      ['show', { dir: 'd', name: 'ab', out: 'p.jpg', force: true, json: true }],
    ])
    expect(await typed('show', 'd')).toMatchObject({ code: 2, calls: [] })
  })

  it('images has columns, a format by name, and the options of a run that are not about pages', async () => {
    const { calls } = await typed(
      ...['images', 'a.csv', 'b', '--url-col', 'URL', '--page-col', 'page', '--out', 'x', '--model', 'none'],
    )
    expect(calls).toEqual([
      [
        'images',
        {
          lists: ['a.csv', 'b'],
          format: null,
          columns: { url: 'URL', caption: 'caption', page: 'page', licence: null },
          run: null,
          flags: { out: 'x', model: 'none' },
          configFile: null,
        },
      ],
    ])
    expect(await typed('images')).toMatchObject({ code: 2, calls: [] })
    expect(await typed('images', 'a.csv', '--max-pages', '3')).toMatchObject({ code: 2, calls: [] })
    expect(await typed('images', 'a', '--format', 'xlsx')).toMatchObject({ code: 2, calls: [] })
  })

  it('crawl needs the name of a run, and gives the fleet, seeds and flags on', async () => {
    const { calls } = await typed(
      ...['crawl', 'https://a.org', '--run', 'birds', '--backend', 'redis://r:6379', '--out', 's3://b/birds'],
      ...['--max-pages', '3'],
    )
    expect(calls).toEqual([
      [
        'crawl',
        {
          seeds: ['https://a.org'],
          flags: { out: 's3://b/birds', maxPages: '3' },
          configFile: null,
          run: 'birds',
          backend: 'redis://r:6379',
        },
      ],
    ])
    expect(await typed('crawl', 'https://a.org')).toMatchObject({ code: 2, calls: [] })
    const wrong = await typed('crawl', 'https://a.org', '--run', 'a/b')
    expect(wrong).toMatchObject({ code: 2, calls: [] })
    expect(wrong.stderr).toContain("'a/b'")
  })

  it('work takes a role, and what it is to do at once', async () => {
    const none = { backend: null, concurrency: null, threads: null, provider: 'cpu', scratch: null }
    expect((await typed('work', 'all')).calls).toEqual([
      ['work', expect.objectContaining({ role: 'all', ...none, untilDone: false })],
    ])
    expect((await typed('work', 'crawl', '--concurrency', '64', '--until-done')).calls).toEqual([
      ['work', expect.objectContaining({ role: 'crawl', ...none, concurrency: 64, untilDone: true })],
    ])
    const wrong = await typed('work', 'cook')
    expect(wrong).toMatchObject({ code: 2, calls: [] })
    expect(wrong.stderr).toContain('crawl, filter, shard, all')
  })

  it.each(['pause', 'resume', 'stop'])('%s takes the name of a run', async (order) => {
    expect((await typed(order, 'birds', '--backend', 'redis://r')).calls).toEqual([
      ['order', { order, run: 'birds', backend: 'redis://r' }],
    ])
    expect(await typed(order)).toMatchObject({ code: 2, calls: [] })
  })

  it('forget takes the name of a run', async () => {
    expect((await typed('forget', 'birds', '--backend', 'redis://r')).calls).toEqual([
      ['forget', { run: 'birds', backend: 'redis://r' }],
    ])
    expect(await typed('forget')).toMatchObject({ code: 2, calls: [] })
    expect((await typed('forget', '--help')).stdout).toContain('pairmill forget birds')
  })

  it('run gives seeds and flags on as they were typed', async () => {
    const { calls } = await typed(
      ...['run', 'https://a.org', 'b.org', '--out', 'pairs', '--max-pages', '3', '--threshold', '-0.1'],
      ...['--include', '*/x', '--include=*/y', '--config', 'c.json'],
    )
    expect(calls).toEqual([
      [
        'run',
        {
          seeds: ['https://a.org', 'b.org'],
          flags: { out: 'pairs', maxPages: '3', threshold: '-0.1', include: ['*/x', '*/y'] },
          configFile: 'c.json',
        },
      ],
    ])
  })

  it('warc has paths, what they are relative to, and may read for a run of a fleet', async () => {
    const { calls } = await typed(
      ...['warc', 'a.warc.gz', 's3://b/c.paths', '--base', 's3://b', '--run', 'cc', '--backend', 'redis://r'],
      ...['--out', 's3://o/x', '--config', 'c.json'],
    )
    expect(calls).toEqual([
      [
        'warc',
        {
          paths: ['a.warc.gz', 's3://b/c.paths'],
          base: 's3://b',
          run: 'cc',
          flags: { backend: 'redis://r', out: 's3://o/x' },
          configFile: 'c.json',
        },
      ],
    ])
    expect(await typed('warc')).toMatchObject({ code: 2, calls: [] })
    expect(await typed('warc', 'a', '--max-pages', '3')).toMatchObject({ code: 2, calls: [] })
    expect(await typed('warc', 'a', '--run', 'no name')).toMatchObject({ code: 2, calls: [] })
    const help = await typed('warc', '--help')
    expect(help.code).toBe(0)
    for (const word of ['wat.paths.gz', '--run', 'Exit codes']) expect(help.stdout).toContain(word)
  })

  it('classify takes images, a list of classes, and the usual model unless told otherwise', async () => {
    const usual = await typed('classify', '--classes', 'c.txt', 'a.jpg', 'b.jpg')
    expect(usual.calls).toEqual([
      [
        'classify',
        {
          model: 'clip-vit-base-patch32',
          classesFile: 'c.txt',
          templatesFile: null,
          top: 5,
          json: false,
          images: ['a.jpg', 'b.jpg'],
        },
      ],
    ])
    const told = await typed(
      ...[
        'classify',
        '--model',
        './m',
        '--classes',
        'c.txt',
        '--templates',
        't.txt',
        '--top',
        '2',
        '--json',
        'a',
      ],
    )
    expect(told.calls).toMatchObject([
      ['classify', { model: './m', templatesFile: 't.txt', top: 2, json: true, images: ['a'] }],
    ])
  })

  it('verify and status take a folder, and what a command answers is the exit code', async () => {
    expect(await typed('verify', 'pairs', '--json', '--progress', 'plain')).toMatchObject({
      code: 1,
      calls: [['verify', { dir: 'pairs', json: true, progress: 'plain' }]],
    })
    expect(await typed('status', 'pairs')).toMatchObject({
      code: 0,
      calls: [['status', { target: 'pairs', backend: null, watch: false, json: false }]],
    })
  })

  it.each([
    [['run', '--max-page', '3'], /unknown option '--max-page'\n\(Did you mean --max-pages\?\)/],
    [['run', '--max-pages'], /option '--max-pages <N>' argument missing/],
    [
      ['run', '--out', '--lang', 'en'],
      /--out <DIR\|s3:\/\/\.\.\.>.*'--lang' is invalid\. Expected a folder or s3/,
    ],
    [['rum'], /unknown command 'rum'\n\(Did you mean run\?\)/],
    [['verify'], /missing required argument 'DIR'/],
    [['verify', 'a', 'b'], /too many arguments/],
    [['classify', 'a.jpg'], /required option '--classes <FILE>' not specified/],
    [['classify', '--classes', 'c.txt'], /missing required argument 'IMAGE'/],
    [['classify', '--classes', 'c.txt', '--top', '0', 'a.jpg'], /Expected a whole number from 1 to/],
    [[], /Usage: pairmill/],
  ])('%j is a wrong call', async (words, message) => {
    const { code, calls, stdout, stderr } = await typed(...words)
    expect(code).toBe(2)
    expect(calls).toEqual([])
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
  })

  it('a wrong call names the help of the command that was called', async () => {
    expect((await typed('curate', 'd', '--out', 'e', '--top', '0%')).stderr).toMatch(
      /\npairmill curate --help shows what can be done\.\n$/,
    )
    expect((await typed('rum')).stderr).toMatch(/\npairmill --help shows what can be done\.\n$/)
  })

  it('--help and --version answer on standard output', async () => {
    expect(await typed('--version')).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' })
    expect(await typed('--help')).toMatchObject({ code: 0, stderr: '' })
  })

  it.each([
    ['run', 'run'],
    ['crawl', 'crawl'],
    ['images', 'sources'],
    ['warc', 'sources'],
  ] as const)('%s takes the options that are for it, and no others of a run', async (command, taker) => {
    const { stdout } = await typed(command, '--help')
    const isNamed = (key: OptionKey) => new RegExp(`${flagOf(key)}(?= <|,|\\.$)`, 'm').test(stdout)
    for (const key of optionKeys) {
      // Those commands have one of their own, for a fleet.
      if (key === 'backend' && taker !== 'run') continue
      const isTaken = optionOf(key).takenBy?.includes(taker) ?? true
      // The help of those that read sources names the others.
      expect([key, isNamed(key)]).toEqual([key, taker === 'sources' ? !isTaken : isTaken])
    }
  })

  it.each(['images', 'warc'])(
    '%s --help lists its own options, and says where the shared ones are',
    async (command) => {
      const { stdout } = await typed(command, '--help')
      expect(stdout).toContain('Shared options: see `pairmill run --help`. ')
      expect(stdout).toMatch(/Examples:\n {2}\S/)
      expect(stdout).not.toContain('--config')
      expect(stdout.split('\n').length).toBeLessThan(60)
      const taken = await typed(command, 'a', '--out', 'x', '--progress', 'plain', '--config', 'c.json')
      expect(taken.calls).toMatchObject([
        [command, { flags: { out: 'x', progress: 'plain' }, configFile: 'c.json' }],
      ])
    },
  )

  it('run --help has every option with its default, examples and exit codes', async () => {
    const { code, stdout } = await typed('run', '--help')
    expect(code).toBe(0)
    const help = stdout.replace(/\s+/g, ' ')
    for (const key of optionKeys) {
      const { value } = optionOf(key)
      expect(help).toContain(`${flagOf(key)} <${value}>`)
      const fallback = defaultText(optionOf(key))
      if (fallback !== null) expect(help).toContain(`(default: ${fallback})`)
    }
    expect(stdout).toContain('--config <FILE>')
    expect(stdout).toMatch(/Limits .*:\n {2}--max-pages/)
    expect(stdout).toContain('130  interrupted')
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(112)
  })
})
