import { inTime } from '../../timing/index.js'
import type { ReportData } from '../page-data.js'
import type { NotShown } from '../report.js'
import type { FiguresProgress } from './explore-data.js'

/** What a dataset has in it, as far as a report tells. */
export interface Standing {
  /** Another one = something came. */
  readonly version: number
  /** Changes that took something back: a report of before them is shown no more. */
  readonly takings: number
}

export interface FiguresDeps {
  readonly standing: () => Standing
  readonly read: (onStep: (step: string) => void, signal: AbortSignal) => Promise<ReportData | NotShown>
}

type FiguresAnswer = { readonly kind: 'made'; readonly report: ReportData } | FiguresProgress | NotShown

type Ended = Exclude<FiguresAnswer, FiguresProgress> | { readonly kind: 'failed'; readonly error: unknown }

interface Making {
  readonly of: Standing
  readonly stop: AbortController
  readonly ended: Promise<Ended>
  readonly progress: { step: string }
}

/** Who asks is told within this time how far it is. */
const patienceMs = 1_000

/** Report of a dataset while it changes: made when it is asked for, however long that takes, and kept until the dataset is another one. */
export class Figures {
  readonly #deps: FiguresDeps
  #made: { readonly of: Standing; readonly report: ReportData } | null = null
  #making: Making | null = null

  constructor(deps: FiguresDeps) {
    this.#deps = deps
  }

  /** Throws what making it throws. */
  async look(): Promise<FiguresAnswer> {
    const { version, takings } = this.#deps.standing()
    if (this.#made?.of.takings !== takings) this.#made = null
    if (this.#made?.of.version === version) return { kind: 'made', report: this.#made.report }
    // While a run adds shards, the one that is being made is wanted all the same.
    if (this.#making !== null && this.#making.of.takings !== takings) await this.close()
    this.#making ??= this.#begin({ version, takings })
    const making = this.#making
    const ended = await inTime(() => making.ended, patienceMs)
    if (ended === null) return { kind: 'making', step: making.progress.step }
    if (this.#making === making) this.#making = null
    if (making.stop.signal.aborted || this.#deps.standing().takings !== making.of.takings)
      return { kind: 'making', step: 'something was taken back, so it is begun anew' }
    const { value } = ended
    if (value.kind === 'failed') throw value.error
    if (value.kind === 'made') this.#made = { of: making.of, report: value.report }
    return value
  }

  /** What is being made is given up. */
  async close(): Promise<void> {
    const making = this.#making
    this.#making = null
    making?.stop.abort()
    await making?.ended
  }

  #begin(of: Standing): Making {
    const stop = new AbortController()
    const progress = { step: 'beginning' }
    const onStep = (step: string) => {
      progress.step = step
    }
    const ended = this.#deps.read(onStep, stop.signal).then(
      (read): Ended => ('kind' in read ? read : { kind: 'made', report: read }),
      (error: unknown): Ended => ({ kind: 'failed', error }),
    )
    return { of, stop, progress, ended }
  }
}
