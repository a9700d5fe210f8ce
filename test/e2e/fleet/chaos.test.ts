import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requestsOf, stormsOn } from '../../fixtures/fleet/storm.js'
import { serverCommand, whyNoServer } from '../../fixtures/redis/server.js'
import { leftovers, tempFolder } from '../../fixtures/run/pairmill.js'
import { seeded } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const seed = Number(process.env.PAIRMILL_KILL_SEED ?? Math.floor(Math.random() * 1e9))

const title = `a fleet in trouble (PAIRMILL_KILL_SEED=${seed})${whyNoServer}`
describe.skipIf(serverCommand === null)(title, { timeout: 400_000 }, () => {
  let web: TestWeb
  let underWay: Awaited<ReturnType<typeof stormsOn>>
  beforeAll(async () => {
    web = await startTestWeb()
    underWay = await stormsOn(web)
  }, 180_000)
  afterAll(() => web.close())

  const random = seeded(seed)
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!

  it('comes to the same pairs where a worker is killed every second', async () => {
    const storm = await underWay()
    const killed: string[] = []
    let over = false
    const anyEnd = Promise.race(
      storm.workers.map(({ role, running }) =>
        role === 'shard'
          ? running.ended.then(() => (over = over || running.child.signalCode === null))
          : new Promise(() => {}),
      ),
    )
    while (!over && killed.length < 40) {
      await Promise.race([setTimeout(1_000), anyEnd])
      const victim = pick(storm.workers)
      if (victim.running.child.exitCode !== null) break
      victim.running.child.kill('SIGKILL')
      await victim.running.ended
      killed.push(victim.role)
      victim.running = storm.hire(victim.role)
    }
    expect(killed.length).toBeGreaterThanOrEqual(8)
    await storm.comesToTheSame()
    const left = leftovers(storm.out).filter((name) => !name.startsWith('parts/') && !name.startsWith('tmp/'))
    // Whose the folder is.
    expect(left).toEqual(['owner.json'])
  })

  it('takes no commit of a worker that slept longer than its lease', async () => {
    const storm = await underWay()
    await requestsOf(web, 60)
    const sleeper = storm.workers.find(({ role }) => role === 'filter')!
    sleeper.running.child.kill('SIGSTOP')
    const others = storm.workers.filter((worker) => worker !== sleeper)
    for (const { running } of others) expect(await running.ended).toMatchObject({ code: 0 })
    sleeper.running.child.kill('SIGCONT')
    await storm.comesToTheSame()
  })

  it('does not mind workers whose clocks are an hour off and jump', async () => {
    const script = join(tempFolder(), 'jump.mjs')
    writeFileSync(
      script,
      `const real = Date.now
       let off = 3_600_000
       Date.now = () => real() + off
       setInterval(() => { off = -off }, 700).unref()`,
    )
    const storm = await underWay({ NODE_OPTIONS: `--import=${script}` })
    await storm.comesToTheSame()
  })

  it('leaves the work of a worker whose disk is full to the others', async ({ skip }) => {
    if (!mayMount()) return skip('mounting a small disk is not allowed here')
    let filters = 0
    const storm = await underWay({}, (role, out) =>
      role === 'filter' && filters++ === 0 ? withTinyDisk(join(out, '.pairmill/tmp')) : [],
    )
    const [full, other] = storm.workers.filter(({ role }) => role === 'filter')
    other!.running.child.kill('SIGSTOP')
    await full!.running.said('ENOSPC')
    other!.running.child.kill('SIGCONT')
    await storm.comesToTheSame()
  })
})

/** Starts a program for which, and for nobody else, a folder is a disk of 4 KiB: fewer than a part of one photo takes. */
const withTinyDisk = (folder: string): readonly string[] => [
  ...['unshare', '--mount', 'sh', '-c'],
  'mkdir -p "$0" && mount -t tmpfs -o size=4k tmpfs "$0" && exec "$@"',
  folder,
]

function mayMount(): boolean {
  const [command = '', ...words] = [...withTinyDisk(tempFolder()), 'true']
  try {
    execFileSync(command, words, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
