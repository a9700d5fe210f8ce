import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { temporaryFolder } from '../../disk/index.js'
import { killTree, memoryOf, processTree } from './processes.js'

/** A browser that runs, as far as it can be seen from outside. */
export interface RunningBrowser {
  readonly browser: Browser
  /** Of its first process, which leads its process group. */
  readonly pid: number
  /** Bytes that all of its processes hold; null = the system does not say. */
  memoryBytes(): number | null
  /**
   * Ends it and all of its processes, by force: what asks a browser to end waits for its word. Resolves when none runs any more. Never
   * rejects.
   */
  kill(): Promise<void>
}

export interface LaunchOptions {
  readonly executable: string
  /** False only where it cannot be had: Chromium refuses to run as root with it. */
  readonly sandbox: boolean
  /** See GuardCertificate. */
  readonly keyHash: string
  readonly deadlineMs: number
}

/** Longest wait for what Playwright tidies up after a browser. */
const closeMs = 2_000
/** Longest wait for processes that were killed to be gone. */
const goneMs = 5_000

/**
 * Nothing may pass by the proxy, a page's own 127.0.0.1 included; names are never asked for; what talks by itself or over UDP is off. Scripts
 * get so many MB of memory in each page.
 */
const switches = [
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
  '--disable-quic',
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--dns-prefetch-disable',
  '--no-pings',
  '--disable-domain-reliability',
  '--disable-crash-reporter',
  '--disable-file-system',
  '--deny-permission-prompts',
  '--disable-notifications',
  '--block-new-web-contents',
  '--disable-gpu',
  '--mute-audio',
  '--js-flags=--max-old-space-size=512',
]

/** Starts a browser whose every connection that no page's guard takes up ends at a wall. Rejects where it does not come up. */
export async function launchBrowser(options: LaunchOptions): Promise<RunningBrowser> {
  // Loaded here: commands that render nothing need not wait for it.
  const { chromium } = await import('playwright')
  const wall = await openWall()
  const home = await temporaryFolder('browser')
  const tidy = async () => {
    wall.close()
    await home.remove()
  }
  let browser: Browser | null = null
  try {
    browser = await chromium.launch({
      executablePath: options.executable,
      headless: true,
      chromiumSandbox: options.sandbox,
      proxy: { server: wall.address, bypass: '<-loopback>' },
      args: [...switches, `--ignore-certificate-errors-spki-list=${options.keyHash}`],
      // Signals are this program's to answer.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      timeout: options.deadlineMs,
      env: {
        PATH: pathOf(options.executable),
        HOME: home.path,
        XDG_CONFIG_HOME: home.path,
        XDG_CACHE_HOME: home.path,
        LANG: 'C.UTF-8',
      },
    })
    const pid = await pidOf(browser)
    const running = browser
    let killed: Promise<void> | null = null
    return {
      browser,
      pid,
      memoryBytes: () => memoryOf(processTree(pid)),
      kill: () => {
        killed ??= end(running, pid).finally(tidy)
        return killed
      },
    }
  } catch (error) {
    await browser?.close().catch(() => undefined)
    await tidy()
    throw error
  }
}

async function end(browser: Browser, pid: number): Promise<void> {
  killTree(pid)
  const until = performance.now() + goneMs
  while (processTree(pid).length > 0 && performance.now() < until) {
    await after(20)
    killTree(pid)
  }
  // Playwright has nothing left to close but its own files.
  await Promise.race([browser.close().catch(() => undefined), after(closeMs)])
}

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

async function pidOf(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const first = processInfo.find(({ type }) => type === 'browser')
  if (first === undefined) throw new Error('the browser names no process of its own')
  return first.id
}

/** Takes every connection and ends it. */
async function openWall(): Promise<{ readonly address: string; close(): void }> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  server.unref()
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the wall has no port')
  return { address: `http://127.0.0.1:${address.port}`, close: () => void server.close() }
}

function pathOf(executable: string): string {
  return `/usr/local/bin:/usr/bin:/bin:${join(executable, '..')}`
}
