import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gone, stranger, writeLock } from '../../fixtures/lock/lock-fixture.js'
import { newOut, pairmill, pairsOf, problemsOf, start, tempFolder } from '../../fixtures/run/pairmill.js'
import { takesSmall } from '../../fixtures/run/pictures.js'
import { serveTree } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const host = 'site.test'
/** A container, as far as pids go. */
const container = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const
const hasContainers = spawnSync(container[0], [...container.slice(1), 'true']).status === 0
const whyNot = hasContainers ? '' : ' (skipped: unshare --pid is not permitted here)'
let web: TestWeb
let wanted: string[]

beforeAll(async () => {
  web = await startTestWeb()
  wanted = await serveTree(web, host, 7, 700)
  // Never answers, so that a run lives for as long as a test wants.
  web.page('waiting.test/', { links: ['/hang'] })
}, 60_000)
afterAll(() => web.close())

const words = (out: string, ...more: string[]): string[] => [
  ...['run', `http://${host}/`, 'http://waiting.test/', '--out', out, '--model', 'none', '--dedupe', 'off'],
  ...['--batch-size', '4', '--shard-size', '5', '--delay-ms', '5'],
  ...takesSmall,
  ...web.words,
  ...more,
]

describe('a run that lives', { timeout: 300_000 }, () => {
  it('tells its state, can be verified, refuses a second one with its pid, and is known as stopped once it was killed', async () => {
    const out = newOut()
    const life = start(words(out))
    await life.said('"state":"running"')
    const pid = life.child.pid!

    const status = await pairmill(['status', out, '--json'])
    expect(status.code).toBe(0)
    const running = JSON.parse(status.stdout) as Record<string, unknown>
    expect(running).toMatchObject({ v: 1, state: 'running', pid, dataset: out })
    expect((await pairmill(['status', out])).stdout).toContain(`${out}: running, process ${pid}, `)
    expect((await pairmill(['verify', out])).stdout).toMatch(/nothing is (wrong|committed here)/)

    const pages = () => web.seen.filter(({ path }) => path === '/')
    await expect.poll(() => pages().length, { timeout: 60_000 }).toBe(2)
    const before = web.seen.length
    const second = await pairmill(words(out))
    expect(second).toMatchObject({ code: 3, stdout: '' })
    expect(second.stderr).toContain(`${out} is in use by process ${pid} since `)
    // It was refused before it did anything; what came meanwhile is the first one's.
    expect(life.child.exitCode).toBe(null)
    expect(web.seen.slice(before).filter(({ path }) => path === '/')).toEqual([])

    life.child.kill('SIGKILL')
    await life.ended
    const stopped = JSON.parse((await pairmill(['status', out, '--json'])).stdout) as Record<string, unknown>
    expect(stopped).toMatchObject({ state: 'stopped', pid })
    expect((await pairmill(['status', out])).stdout).toContain('The same command goes on.')

    web.page('waiting.test/hang', {})
    const last = await pairmill(words(out))
    expect(last.code).toBe(0)
    expect(await pairsOf(out)).toEqual(wanted)
    const done = JSON.parse((await pairmill(['status', out, '--json'])).stdout) as Record<string, unknown>
    expect(done).toMatchObject({ state: 'done', counters: { kept: wanted.length, pages: 9 } })
  })

  it('is the only one of two that begin at the same moment', async () => {
    const out = newOut()
    const lives = [start(words(out, '--max-pages', '1')), start(words(out, '--max-pages', '1'))]
    const ends = await Promise.all(lives.map((life) => life.ended))
    // The second may come when the first is done: then it finds nothing to do.
    for (const { code } of ends) expect([0, 3]).toContain(code)
    const winner = ends.findIndex(({ code }) => code === 0)
    const loser = ends.find(({ code }) => code === 3)
    expect(winner).not.toBe(-1)
    if (loser !== undefined) expect(loser.stderr).toContain(`in use by process ${lives[winner]!.child.pid} `)
    expect((await pairmill(['status', out])).stdout).toContain(': done after ')
  })

  it('is not taken for a process that has its pid and began later', async () => {
    const out = newOut()
    const state = join(out, '.pairmill')
    mkdirSync(state, { recursive: true })
    // This process lives, and began at another time than the lock says.
    writeLock(join(state, 'lock'), gone(), randomUUID())
    const ended = await pairmill(words(out, '--max-pages', '1'))
    expect(ended.code).toBe(existsSync('/proc/self/stat') ? 0 : 3)
  })

  it.runIf(hasContainers)(
    `is refused to another container, which is told who has the folder${whyNot}`,
    async () => {
      // Whatever host the pages of the other tests name, this one is still being waited for.
      web.page('patient.test/', { links: ['/hang'] })
      const out = newOut()
      const patient = ['http://patient.test/', '--out', out, '--model', 'none', ...web.words]
      const life = start(['run', ...patient], {}, container)
      await life.said('"state":"running"')
      for (const second of [
        await start(['run', ...patient], {}, container).ended,
        await pairmill(['run', ...patient]),
      ]) {
        expect(second).toMatchObject({ code: 3, stdout: '' })
        const who = `in use by process 1 on ${hostname()} (in another PID namespace) since `
        expect(second.stderr).toContain(`${out} was ${who}`)
        expect(second.stderr).toContain(`${out} is ${who}`)
      }
      expect((await pairmill(['status', out])).stdout).toContain(`${out}: running, process 1, `)
      life.child.kill('SIGKILL')
      await life.ended
    },
  )

  it('of another machine is watched, and a Ctrl-C meanwhile ends that and changes nothing', async () => {
    const out = newOut()
    const state = join(out, '.pairmill')
    mkdirSync(state, { recursive: true })
    writeLock(join(state, 'lock'), stranger, randomUUID())
    const life = start(words(out))
    await life.said('looking for up to 15 s')
    life.child.kill('SIGINT')
    const { code, stdout, stderr } = await life.ended
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).toContain(`${out} was in use by process 7 on other-machine since ${stranger.since}`)
    expect(readdirSync(state)).toEqual(['lock'])
  })
})

describe('what cannot work is refused before anything is fetched', { timeout: 300_000 }, () => {
  it('an --out that is a file', async () => {
    const file = join(tempFolder(), 'out')
    writeFileSync(file, 'mine')
    const { code, stdout, stderr } = await pairmill(words(file))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`pairmill: --out ${file} cannot be used as a folder: `)
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  it.each([
    ['a fifo', (path: string) => void spawnSync('mkfifo', [path])],
    ['a folder', (path: string) => mkdirSync(path)],
    ['anything', (path: string) => writeFileSync(path, 'anything')],
  ])('a folder whose lock is %s, by its path', async (_, put) => {
    const out = newOut()
    const path = join(out, '.pairmill/lock')
    mkdirSync(join(out, '.pairmill'), { recursive: true })
    put(path)
    const { code, stdout, stderr } = await pairmill(words(out))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^pairmill: .*\/lock is the name of a lock and .*move it away\n$/m)
    expect(stderr).toContain(path)
    expect(stderr).not.toContain('    at ')
  })

  it('an --out below a file', async () => {
    const file = join(tempFolder(), 'file')
    writeFileSync(file, 'mine')
    const { code, stderr } = await pairmill(words(join(file, 'out')))
    expect(code).toBe(2)
    expect(stderr).toContain('cannot be used as a folder')
  })

  const model = async (name: string, env: Record<string, string> = {}) => {
    const out = newOut()
    const before = web.seen.length
    const ended = await pairmill([...words(out), '--model', name], env)
    expect(web.seen.length).toBe(before)
    expect(ended).toMatchObject({ code: 5, stdout: '' })
    expect(readdirSync(join(out, '.pairmill'))).not.toContain('lock')
    return ended.stderr
  }

  it('a model folder that lacks its files, naming the first one', async () => {
    expect(await model(tempFolder())).toMatch(/^pairmill: .*(vision_model|text_model|tokenizer|config)/m)
  })

  it('a model folder whose files are broken', async () => {
    const folder = tempFolder()
    for (const name of ['vision_model.onnx', 'text_model.onnx']) writeFileSync(join(folder, name), 'no model')
    for (const name of ['tokenizer.json', 'preprocessor_config.json', 'config.json'])
      writeFileSync(join(folder, name), '{}')
    const said = await model(folder)
    expect(said).toContain(folder)
  })

  it('a model of no known name, with the names that there are', async () => {
    const said = await model('clip-vit-huge')
    expect(said).toContain('clip-vit-huge is neither a folder nor a known model (clip-vit-base-patch32)')
  })

  it('which binds nobody: the folder takes the next command with whatever options it has', async () => {
    const out = newOut()
    expect((await pairmill([...words(out), '--model', 'clip-vit-huge', '--min-side', '1'])).code).toBe(5)
    const { code } = await pairmill(words(out, '--max-pages', '1'))
    expect(code).toBe(0)
  })

  it('a model that cannot be fetched, saying what to do', async () => {
    const cache = tempFolder()
    const said = await model('clip-vit-base-patch32', {
      HF_ENDPOINT: 'http://127.0.0.1:1',
      XDG_CACHE_HOME: cache,
    })
    expect(said).toContain('127.0.0.1:1')
    expect(said).toMatch(/--model|HF_ENDPOINT/)
  })

  it('a database that is none, without touching it', async () => {
    const out = join(tempFolder(), 'out')
    const db = join(out, '.pairmill/db')
    mkdirSync(db, { recursive: true })
    writeFileSync(join(db, 'PG_VERSION'), 'no database')
    const { code, stderr } = await pairmill(words(out))
    expect(code).toBe(1)
    expect(stderr).toContain('pairmill: the run failed: ')
    expect(readFileSync(join(db, 'PG_VERSION'), 'utf8')).toBe('no database')
  })
})

describe('a run whose folder was moved', { timeout: 300_000 }, () => {
  it('goes on where it lies now', async () => {
    const out = newOut()
    expect((await pairmill(words(out, '--max-pages', '3'))).code).toBe(0)
    const moved = join(tempFolder(), 'moved')
    cpSync(out, moved, { recursive: true })
    web.page('waiting.test/hang', {})
    expect((await pairmill(words(moved))).code).toBe(0)
    expect(await pairsOf(moved)).toEqual(wanted)
    expect(await problemsOf(moved)).toEqual([])
  })
})
