import { noEvidence, type RenderEvidence, withLesson } from '../crawl/index.js'
import type { PageSeen } from './rendering.js'

/** Lessons that no commit has told yet. */
export interface NewLessons {
  readonly rendered: RenderEvidence
  readonly counters: Readonly<Record<string, number>>
}

/** Lessons of browsers about one host: all of them decide about its next page, the new ones go with the next commit. */
export class RenderLessons {
  #evidence: RenderEvidence
  #rendered: RenderEvidence = noEvidence
  #counters: Record<string, number> = {}

  /** `evidence`: known before. */
  constructor(evidence: RenderEvidence) {
    this.#evidence = evidence
  }

  get evidence(): RenderEvidence {
    return this.#evidence
  }

  add({ learned, counters }: Pick<PageSeen, 'learned' | 'counters'>): void {
    for (const [name, n] of Object.entries(counters)) this.#counters[name] = (this.#counters[name] ?? 0) + n
    if (learned === null) return
    this.#evidence = withLesson(this.#evidence, learned)
    this.#rendered = withLesson(this.#rendered, learned)
  }

  /** Gives the new lessons, once. */
  take(): NewLessons {
    const taken = { rendered: this.#rendered, counters: this.#counters }
    this.#rendered = noEvidence
    this.#counters = {}
    return taken
  }
}
