import { cellOf, isEmptyCell } from '../records/index.js'
import { type PairAnswer, type StoredPair, UnreadableDataset } from '../shard/index.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatBytes, formatCount, jsonText, page, plain, table } from './figures.js'
import { type Output, say } from './output.js'
import { noDataset } from './verify.js'

export interface ShowCall {
  /** Absolute folder, or an S3 URL. */
  readonly dir: string
  /** Key or uid. */
  readonly name: string
  /** Absolute file for the picture; null = it is not wanted. */
  readonly out: string | null
  /** Whether a file that is there already is replaced. */
  readonly force: boolean
  readonly json: boolean
}

export interface ShowDeps {
  readonly isPlace: (place: string) => boolean
  readonly read: () => Promise<PairAnswer>
  /** Writes a file; null = done, else why it cannot be. */
  readonly write: (
    path: string,
    bytes: Uint8Array,
    force: boolean,
  ) => Promise<'exists' | { readonly problem: string } | null>
  readonly stdout: Output
  readonly stderr: Output
}

/** `pairmill show`. */
export async function showCommand(call: ShowCall, deps: ShowDeps): Promise<ExitCode> {
  const { dir, name, out } = call
  const { stdout, stderr } = deps
  if (!deps.isPlace(dir)) {
    say(stderr, noDataset(dir))
    return exitCodes.failed
  }
  let answer: PairAnswer
  try {
    answer = await deps.read()
  } catch (error) {
    if (!(error instanceof UnreadableDataset)) throw error
    say(stderr, error.message)
    return exitCodes.failed
  }
  if (answer.kind !== 'pair') {
    const why = answer.kind === 'taken' ? 'its pair was taken back, and no other gets this key' : answer.why
    say(stderr, `${dir} has no pair ${name}: ${why}`)
    return exitCodes.failed
  }
  if (out !== null) {
    const written = await deps.write(out, answer.picture.bytes, call.force)
    if (written !== null) {
      const problem =
        written === 'exists' ? 'is there already; give another file, or --force' : written.problem
      say(stderr, `--out: ${out} ${problem}`)
      return written === 'exists' ? exitCodes.usage : exitCodes.failed
    }
  }
  stdout.write(call.json ? `${jsonText(answer.record, 2)}\n` : renderPair(answer))
  if (out !== null)
    say(stderr, `wrote ${out}: ${formatBytes(answer.picture.bytes.length)} of ${answer.picture.format}`)
  return exitCodes.ok
}

/** Fields that have a place of their own above the others. */
const shownApart = new Set(['caption', 'captions', 'permission', 'page_permission', 'width', 'height', 'key'])

/** A pair for people: its caption, its picture, all its texts with their scores, on whose word it was fetched, and the other fields that are not null. Pure. */
export function renderPair({ key, shard, record, picture }: StoredPair): string {
  const { width, height } = record
  const size = `${formatCount(Number(width))} x ${formatCount(Number(height))} ${picture.format}, ${formatBytes(picture.bytes.length)}`
  // The flat captions repeat the list.
  const others = Object.entries(record).filter(
    ([name, value]) => !shownApart.has(name) && !name.startsWith('caption_') && !isEmptyCell(value),
  )
  return page([
    [textOf(record.caption), `  ${key} in shard ${shard}: ${size}`],
    captionLines(cellOf(record.captions)),
    permissionLines(record),
    [
      'Record',
      ...table(
        others.map(([name, value]) => [name, textOf(value)]),
        ['left', 'left'],
      ),
    ],
  ])
}

function captionLines(captions: unknown): string[] {
  if (!Array.isArray(captions)) return []
  const rows = captions.map((caption: Readonly<Record<string, unknown>> | null) => [
    textOf(caption?.source),
    typeof caption?.score === 'number' ? caption.score.toFixed(3) : '',
    textOf(caption?.text),
  ])
  return ['Captions, with their scores', ...table(rows, ['left', 'right', 'left'])]
}

function permissionLines(record: StoredPair['record']): string[] {
  const rows = (['permission', 'page_permission'] as const).flatMap((name) => {
    const permission = cellOf(record[name])
    if (typeof permission !== 'object' || permission === null) return []
    const said = permission as Readonly<Record<string, unknown>>
    const at = textOf(said.checked_at ?? said.checkedAt)
    const where = textOf(said.source)
    return [
      [
        name === 'permission' ? 'picture' : 'page',
        textOf(said.rule),
        textOf(said.value),
        [where, at].filter(Boolean).join(', '),
      ],
    ]
  })
  return rows.length === 0
    ? []
    : ['On whose word it was fetched', ...table(rows, ['left', 'left', 'left', 'left'])]
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return plain(typeof value === 'object' ? JSON.stringify(value) : String(value))
}
