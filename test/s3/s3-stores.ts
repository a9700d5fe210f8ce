import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { type S3Pace, type S3StoreOptions, type Store, s3Store } from '../../src/shard/index.js'
import { calm, tempFolder } from '../shard/dataset-fixture.js'
import { type S3Server, startS3Server } from './s3-server.js'

export interface S3Bench {
  /** '' = there is a server; otherwise ` (skipped: ...)` for a title. */
  readonly why: string
  /** Throws where there is none. */
  readonly server: S3Server
  /** A store under a prefix of its own; closed with the test. */
  store(options?: StoreChoice): Promise<Store>
  close(): Promise<void>
}

export interface StoreChoice {
  readonly kind?: 'honouring' | 'ignoring' | 'refusing'
  /** In place of the server's. */
  readonly endpoint?: string
  readonly url?: string
  readonly region?: string
  readonly pace?: S3Pace
  readonly access?: S3StoreOptions['access']
}

/** Waits so short that a test of hanging stores need not be slow. */
export const quickPace: S3Pace = {
  requestMs: 2_000,
  completeMs: 10_000,
  tries: 8,
  backoffMs: 5,
  maxBackoffMs: 50,
}

/** The S3 server of a test file, and stores on it. */
export async function s3Bench(): Promise<S3Bench> {
  const started = await startS3Server()
  const buckets = new Map<string, Promise<string>>()
  const server = 'unavailable' in started ? null : started
  const present = (): S3Server => {
    if (server === null) throw new Error('there is no S3 server here')
    return server
  }
  return {
    why: 'unavailable' in started ? ` (skipped: ${started.unavailable})` : '',
    get server() {
      return present()
    },
    async store({ kind = 'honouring', endpoint, url, region, pace, access = 'write' } = {}) {
      const bucket = buckets.get(kind) ?? present().bucket(kind)
      buckets.set(kind, bucket)
      const opened = await s3Store(
        {
          url: url ?? `s3://${await bucket}/sets/${randomUUID()}`,
          settings: { endpoint: endpoint ?? present().endpoint, region: region ?? null, pathStyle: null },
          scratchDir: await tempFolder(),
          access,
          ...(pace === undefined ? {} : { pace }),
        },
        calm,
      )
      if ('message' in opened) throw new Error(opened.message)
      onTestFinished(() => opened.close())
      return opened
    },
    async close() {
      await server?.close()
    },
  }
}
