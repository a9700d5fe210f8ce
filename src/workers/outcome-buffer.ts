import { pageSize } from '../crawl/index.js'
import type { UrlOutcome, UrlVisited } from './url-outcome.js'

/** A session commits what it has after so many, and fetches on meanwhile. */
const urlsPerCommit = 50
/** Or after so many candidates: a run whose crawl waits for its filters learns it so. */
const candidatesPerCommit = 2_000
/** Or after pages that gave so much: a page gives some 24 MB at most, which no other is to wait for. */
const bytesPerCommit = 4 * 1024 * 1024

/** Outcomes of a session that are not committed yet. */
export class OutcomeBuffer {
  #outcomes: UrlVisited[] = []
  #bytes = 0
  #candidates = 0

  add(visited: UrlVisited): void {
    this.#outcomes.push(visited)
    this.#candidates += candidatesOf(visited.outcome)
    this.#bytes += sizeOf(visited.outcome)
  }

  /** Whether they are enough for a commit. */
  get isFull(): boolean {
    return (
      this.#outcomes.length >= urlsPerCommit ||
      this.#candidates >= candidatesPerCommit ||
      this.#bytes >= bytesPerCommit
    )
  }

  takeAll(): UrlVisited[] {
    const taken = this.#outcomes
    this.#outcomes = []
    this.#bytes = 0
    this.#candidates = 0
    return taken
  }

  /** Takes the first of several that are too large for one commit; null = they are not, or it is the only one. */
  takeOfLarge(): UrlVisited | null {
    const [first, ...others] = this.#outcomes
    if (first === undefined || others.length === 0 || this.#bytes < bytesPerCommit) return null
    this.#outcomes = others
    this.#bytes -= sizeOf(first.outcome)
    this.#candidates -= candidatesOf(first.outcome)
    return first
  }
}

const sizeOf = (outcome: UrlOutcome): number => (outcome.kind === 'page' ? pageSize(outcome.page) : 0)
const candidatesOf = (outcome: UrlOutcome): number =>
  outcome.kind === 'page' ? outcome.page.candidates.length : 0
