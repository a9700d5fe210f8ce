import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findSwift } from '../fixtures/s3/find-swift.js'

const run = promisify(execFile)
const succeeds = (file: string, args: readonly string[]): Promise<boolean> =>
  run(file, args, { timeout: 240_000 }).then(
    () => true,
    () => false,
  )

/** What tests run against, with how to see that it is there. */
const programs = [
  {
    name: 'redis-server',
    here: () => succeeds('sh', ['-c', 'command -v redis-server || command -v valkey-server']),
  },
  { name: 'chromium', here: () => succeeds('sh', ['-c', 'command -v chromium']) },
  { name: 'python3-swift', here: () => succeeds('/usr/bin/python3', ['-c', findSwift]) },
]

/**
 * Before any test but the unit tests: says which Debian packages are missing, whose tests are skipped then. In CI, and where
 * PAIRMILL_TEST_INSTALL=1 says so, it installs them, all at once. Nothing of them is started as a service. What cannot be installed is
 * said here, and again in the titles of the tests that are skipped for it.
 */
export async function setup(): Promise<void> {
  const missing: string[] = []
  for (const { name, here } of programs) if (!(await here())) missing.push(name)
  if (missing.length === 0) return
  const names = missing.join(' ')
  const isWanted = process.env.PAIRMILL_TEST_INSTALL === '1' || process.env.CI === 'true'
  if (!isWanted) {
    return say(
      `not installed, so what needs it is skipped: ${names}. PAIRMILL_TEST_INSTALL=1 installs it, or: apt-get install ${names}`,
    )
  }
  const isRoot = process.getuid?.() === 0
  if (!isRoot && !(await succeeds('sudo', ['-n', 'true']))) {
    return say(`not installed, and only root could: ${names}`)
  }
  say(`installing ${names}`)
  // RUNLEVEL: with it, Debian's scripts start no service.
  const aptGet = [
    ...(isRoot ? [] : ['sudo', '-n']),
    'env',
    'RUNLEVEL=1',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
  ]
  const [file = '', ...words] = aptGet
  await succeeds(file, [...words, 'update', '-qq'])
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...missing]
  if (!(await succeeds(file, [...words, '-o', 'DPkg::Lock::Timeout=120', ...install]))) {
    say(`apt-get could not install ${names}`)
  }
}

function say(text: string): void {
  process.stderr.write(`Debian packages for the tests: ${text}\n`)
}
