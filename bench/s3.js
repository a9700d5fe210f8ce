import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { runCommand } from './command.js'
import { compete, linesOf } from './contest.js'
import { cache, repo } from './places.js'
import { median, unmeasured } from './results.js'

export const title = 'S3: upload of shards'
/** Beside the clone; null = nothing. */
export const needs = "Debian's python3-swift"
const limitMs = 5 * 60_000
const files = 3
const fileMib = 160
const port = 19_480
const aim = { text: 'at least 0.8x', ratio: 0.8 }
export const variables = {
  AWS_ACCESS_KEY_ID: 'test:tester',
  AWS_SECRET_ACCESS_KEY: 'testing',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
}

/** The S3 server of the tests; null where Debian's python3-swift is not installed. */
export async function startServer() {
  const folder = join(cache, 's3-server')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const child = spawn(
    '/usr/bin/python3',
    [join(repo, 'test/fixtures/s3/s3_server.py'), folder, String(port)],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  )
  const ready = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'exit').then(() => false),
    once(child, 'error').then(() => false),
  ])
  if (!ready) return null
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      const ended = once(child, 'exit')
      child.stdin.end()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function withUpload(how, { endpoint, bucket, folder, peaks }) {
  const log = join(cache, `s3-${how}.log`)
  const args = ['bench/s3-upload.js', how, endpoint, bucket, folder]
  const ran = await runCommand(process.execPath, args, { limitMs, log, cwd: repo, env: variables })
  if (ran.code !== 0) return { problem: `${how} failed (see ${log})` }
  const { tookMs } = JSON.parse((await readFile(log, 'utf8')).trim().split('\n').at(-1) ?? '')
  peaks[how].push(ran.ownPeakRssBytes)
  return {
    rate: (files * fileMib) / (tookMs / 1000),
    cpuSeconds: ran.cpuSeconds,
    peakRssBytes: ran.ownPeakRssBytes,
  }
}

/** @param {{ repeat: number, only: string | null }} options */
export async function measure({ repeat, only }) {
  const server = await startServer()
  if (server === null) {
    return { lines: [unmeasured('upload', aim.text, 'python3-swift is not installed')], notes: [] }
  }
  try {
    Object.assign(process.env, variables)
    const client = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true })
    const bucket = `bench-${randomUUID()}`
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    const folder = join(cache, 's3-files')
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    for (let i = 0; i < files; i += 1)
      await writeFile(join(folder, `0000${i}.tar`), randomBytes(fileMib << 20))
    const peaks = { store: [], bare: [] }
    const place = { endpoint: server.endpoint, bucket, folder, peaks }
    const contenders = [
      { name: 'pairmill', label: 'its store', run: () => withUpload('store', place) },
      {
        name: 'a bare PutObject loop',
        label: 'whole files from memory, no retries',
        run: () => withUpload('bare', place),
      },
    ]
    const measured = await compete(contenders, { repeat, only })
    await rm(folder, { recursive: true, force: true })
    const mib = (bytes) => `${((median(bytes) ?? 0) / 2 ** 20).toFixed(0)} MiB`
    return {
      lines: linesOf(measured, { unit: 'MiB', count: files * fileMib }, { 'a bare PutObject loop': aim }),
      notes: [
        `${files} files of ${fileMib} MiB, one after another, to OpenStack Swift with its S3 API on the same machine, which shares its cores; median of ${repeat}.`,
        `The store sends pieces of 16 MiB, three at once, each signed with its SHA-256 as those of the bare loop are. Most memory: ${mib(peaks.store)}; the bare loop, which holds a whole file: ${mib(peaks.bare)}.`,
      ],
    }
  } finally {
    await server.stop()
  }
}
