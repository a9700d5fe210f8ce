import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openOutput } from '../../../src/cli/output.js'
import { defaultUserAgent } from '../../../src/cli/process.js'

const main = resolve(import.meta.dirname, '../../../dist/cli/main.js')
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pairmill-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function pairmill(
  words: readonly string[],
  given: { env?: Record<string, string>; stdin?: string } = {},
) {
  const child = spawn(process.execPath, [main, ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...given.env },
    timeout: 60_000,
  })
  child.stdin.end(given.stdin ?? '')
  const ended = new Promise<number | null>((done) => child.on('close', done))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { stdout, stderr, code }
}

describe('the pairmill process', { timeout: 120_000 }, () => {
  it('says of S3 what is wrong, and nothing of the Node that its SDK will want one day', async () => {
    const env = {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    }
    const { code, stderr } = await pairmill(['verify', 's3://bucket/pairs'], { env })
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/^pairmill: s3:\/\/bucket\/pairs: .*\n$/)
  })

  it('prints its version and help, and ends with 0', async () => {
    expect(await pairmill(['--version'])).toMatchObject({ code: 0, stderr: '' })
    const help = await pairmill(['run', '--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toContain('pairmill run')
  })

  it('ends with 2 on a wrong call, and starts nothing', async () => {
    await writeFile(join(folder, 'sites.txt'), 'https://a.org/\nftp://b.org/\n')
    expect(await pairmill(['run', '--seeds', 'sites.txt', '--dedupe', 'nera'])).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        'pairmill: --out: missing; expected a folder or s3://BUCKET/PREFIX',
        "pairmill: --dedupe: expected near, exact or off, got 'nera'; did you mean near?",
        "pairmill: sites.txt line 2: expected an http or https URL such as https://example.org/, got 'ftp://b.org/'",
        'Nothing was started. pairmill run --help lists the options.',
        '',
      ].join('\n'),
    })
    expect(await pairmill(['rum'])).toMatchObject({ code: 2, stdout: '' })
  })

  it('reads seeds from its standard input', async () => {
    const { code, stderr } = await pairmill(['run', '--out', 'x', '--seeds', '-'], {
      stdin: 'ftp://b.org/\n',
    })
    expect(code).toBe(2)
    expect(stderr).toContain('standard input line 1: expected')
  })

  it('names an environment variable that cannot be used', async () => {
    const { code, stderr } = await pairmill(['run', 'https://a.org/', '--out', 'x'], {
      env: { HF_ENDPOINT: 'hub' },
    })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^pairmill: HF_ENDPOINT: expected an http or https URL/)
  })

  it('ends with 1 where there is nothing to verify or to report on', async () => {
    const verified = await pairmill(['verify', '.'])
    expect(verified).toMatchObject({ code: 1, stderr: '' })
    expect(verified.stdout).toMatch(/: nothing is committed here\n$/)
    const status = await pairmill(['status', '.'])
    expect(status).toMatchObject({ code: 1, stdout: '' })
    expect(status.stderr).toMatch(/^pairmill: .+\n$/)
  })

  it('ends so too where there is no such folder, whichever command was asked', async () => {
    for (const command of ['verify', 'status', 'permissions']) {
      const { code, stdout, stderr } = await pairmill([command, 'nowhere'])
      expect([code, stdout, stderr]).toEqual([
        1,
        '',
        expect.stringMatching(/^pairmill: \S+nowhere holds no (?:run|dataset): there is no .+\n$/),
      ])
    }
  })

  it('does not mind that its reader has gone', async () => {
    const child = spawn(process.execPath, [main, 'run', '--help'], { cwd: folder, timeout: 60_000 })
    child.stdout.destroy()
    const ended = new Promise<number | null>((done) => child.on('close', done))
    expect(await text(child.stderr)).toBe('')
    expect(await ended).toBe(0)
  })
})

describe('an output', () => {
  it('whose reader has gone swallows what is written', async () => {
    const stream = new PassThrough()
    const output = openOutput(stream)
    expect(output.isOpen).toBe(true)
    output.write('before')
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    await new Promise((done) => stream.on('close', done))
    expect(() => output.write('after')).not.toThrow()
    expect(output).toMatchObject({ isTerminal: false, isOpen: false })
    expect(output.columns()).toBe(80)
  })
})

describe('an output that is slowly read', () => {
  it('is drained when all is with its reader', async () => {
    const stream = new PassThrough({ highWaterMark: 1 })
    const output = openOutput(stream)
    output.write('all ')
    output.write('of it')
    const drained = output.drained()
    let read = ''
    stream.on('data', (bytes: Buffer) => {
      read += bytes.toString()
    })
    await drained
    expect(read).toBe('all of it')
  })

  it('is drained where its reader goes', async () => {
    const stream = new PassThrough({ highWaterMark: 1 })
    const output = openOutput(stream)
    output.write('what nobody reads')
    const drained = output.drained()
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    await drained
    await output.drained()
    expect(output.isOpen).toBe(false)
  })
})

describe('the user agent', () => {
  it('is honest and does not change with patch releases', () => {
    expect(defaultUserAgent('0.1.7')).toBe('pairmill/0.1')
  })
})
