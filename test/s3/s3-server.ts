import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'

/** A real S3 server of this test file's own, on 127.0.0.1. */
export interface S3Server {
  readonly endpoint: string
  readonly client: S3Client
  /** A new bucket. What it does with conditional writes: see s3_server.py. */
  bucket(kind?: 'honouring' | 'ignoring' | 'refusing'): Promise<string>
  /** Keys of uploads that were begun and neither completed nor taken back. */
  uploads(bucket: string): Promise<string[]>
  close(): Promise<void>
}

/** What a process needs to be let in; no other source of credentials is asked. */
export const s3Variables = {
  AWS_ACCESS_KEY_ID: 'test:tester',
  AWS_SECRET_ACCESS_KEY: 'testing',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
} as const

const python = '/usr/bin/python3'
const run = promisify(execFile)

/** Starts Debian's python3-swift. Where that is impossible, the answer says why, for the titles of the tests that are skipped. */
export async function startS3Server(): Promise<S3Server | { readonly unavailable: string }> {
  Object.assign(process.env, s3Variables)
  if (!(await succeeds(python, ['-c', 'import swift.proxy.server']))) {
    return { unavailable: 'python3-swift is not installed' }
  }
  const folder = await mkdtemp(join(tmpdir(), 'pairmill-s3-'))
  const port = await freePorts()
  const child = spawn(python, [join(import.meta.dirname, 's3_server.py'), folder, String(port)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const said: string[] = []
  createInterface(child.stderr).on('line', (line) => said.push(line))
  if (!(await isReady(child))) {
    await stop(child, folder)
    return { unavailable: `Swift does not start here: ${said.slice(-2).join(' ')}` }
  }
  const endpoint = `http://127.0.0.1:${port}`
  const client = new S3Client({
    endpoint,
    forcePathStyle: true,
    region: 'us-east-1',
    // Its own, so that a test may take away those of the process.
    credentials: {
      accessKeyId: s3Variables.AWS_ACCESS_KEY_ID,
      secretAccessKey: s3Variables.AWS_SECRET_ACCESS_KEY,
    },
  })
  return {
    endpoint,
    client,
    async bucket(kind = 'honouring') {
      const name = `${kind}-${randomUUID()}`
      await client.send(new CreateBucketCommand({ Bucket: name }))
      return name
    },
    async uploads(bucket) {
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
      return (Uploads ?? []).map(({ Key }) => Key ?? '')
    },
    async close() {
      client.destroy()
      await stop(child, folder)
    },
  }
}

async function succeeds(file: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(file, args, { timeout: 180_000 })
    return true
  } catch {
    return false
  }
}

async function isReady(child: ChildProcess): Promise<boolean> {
  const ended = once(child, 'exit').then(() => false)
  const ready = once(child.stdout!, 'data').then(() => true)
  return await Promise.race([ready, ended])
}

/** Its standard input ends, and it with it. */
async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit')
    child.stdin?.end()
    await ended
  }
  await rm(folder, { recursive: true, force: true })
}

/** Four ports in a row. Test files run side by side in processes of their own, so the search begins where no other's does. */
async function freePorts(): Promise<number> {
  const width = 4
  for (let tries = 0; tries < 100; tries++) {
    const first = 20_000 + (((process.pid + tries * 131) * width) % 10_000)
    const free = await Promise.all(Array.from({ length: width }, (_, i) => isFree(first + i)))
    if (!free.includes(false)) return first
  }
  throw new Error('no four free ports in a row')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return await new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
