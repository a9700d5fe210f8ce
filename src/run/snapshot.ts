import { z } from 'zod'
import { type RunSnapshot, runStates } from './run-types.js'

const amount = z.number().nonnegative()

const hostSchema = z.object({
  host: z.string(),
  queued: amount,
  pages: amount,
  nextFetchInMs: z.number(),
  // Early versions had no delay of a host's own, and no state.
  delayMs: amount.default(0),
  failures: amount,
  state: z.enum(['visited', 'crowded', 'resting', '']).optional(),
  robots: z.string(),
})

/** What newer versions say beside it is left out. */
const snapshotSchema = z.object({
  v: z.literal(1),
  run: z.string(),
  state: z.enum(runStates),
  pid: z.int().nullable(),
  startedAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  elapsedMs: amount,
  counters: z.record(z.string(), z.number()),
  queues: z.object({
    urls: amount,
    hosts: amount,
    buffered: amount,
    batches: amount,
    unplanned: amount,
    plans: amount,
  }),
  crawlWaits: z
    .discriminatedUnion('for', [
      z.object({ for: z.literal('filters'), backlog: amount, goesOnAt: amount }),
      z.object({ for: z.literal('server') }),
    ])
    .optional(),
  hosts: z.array(hostSchema),
  model: z.object({ id: z.string(), isClip: z.boolean(), threshold: z.number().nullable() }).nullable(),
  dataset: z.string(),
  note: z.string().nullable(),
})

/** What a status.json says, whoever wrote it. `place`: its path or URL, `dataset`: that of what it is about, for messages. Pure. */
export function parseSnapshot(
  text: string,
  place: string,
  dataset: string,
): RunSnapshot | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: `${place} is not JSON` }
  }
  const { data: version } = versionSchema.safeParse(value)
  if (version !== undefined && version.v !== 1) {
    return { problem: `${dataset} was written by another version of pairmill (status v${version.v})` }
  }
  const parsed = snapshotSchema.safeParse(value)
  if (parsed.success) {
    const { hosts, crawlWaits, ...rest } = parsed.data
    return {
      ...rest,
      ...(crawlWaits === undefined ? {} : { crawlWaits }),
      hosts: hosts.map(({ state, ...host }) => (state === undefined ? host : { ...host, state })),
    }
  }
  return { problem: `${place} is not the status of a run: ${faultOf(parsed.error)}` }
}

const versionSchema = z.object({ v: z.number() })

const longestField = 100

/** The first thing that does not fit, with its field. */
function faultOf({ issues: [issue] }: z.ZodError): string {
  const path = (issue?.path ?? []).map((step) =>
    typeof step === 'number' ? `[${step}]` : `.${String(step)}`,
  )
  const field = path.join('').replace(/^\./, '').slice(0, longestField)
  return `${field === '' ? 'the file' : field}: ${issue?.message ?? 'unknown'}`
}
