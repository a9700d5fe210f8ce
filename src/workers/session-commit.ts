import type { Found, Offer, SessionCommit } from '../backend/index.js'
import {
  anchorOf,
  type Page,
  type ScopeRules,
  type Steps,
  scopeVerdict,
  type TrapReason,
} from '../crawl/index.js'
import type { TextJudge } from '../filter/index.js'
import type {
  Candidate,
  DecidedPage,
  FrontierUrl,
  LeasedUrl,
  Permission,
  Refusals,
} from '../records/index.js'
import { hostOf } from '../records/index.js'
import { foundOf, takenOf } from './found.js'
import { healthOf, isAnswered, maxRedirects } from './hosts/index.js'
import {
  isLastRefusal,
  maxTries,
  pageRowOf,
  seedsMoved,
  type UrlOutcome,
  type UrlVisited,
  unlessRetracted,
} from './url-outcome.js'

/** Part of a session's commit that its outcomes decide. */
type OutcomeCommit = Pick<
  SessionCommit,
  'done' | 'decided' | 'retry' | 'back' | 'pages' | 'offers' | 'candidates' | 'counters' | 'health'
>

/** Why a link is not followed though it is in scope; null = it is. */
type TrapOf = (link: string, from: LeasedUrl) => TrapReason | null

/** A page whose commit was refused is tried again after this, alone. */
const refusedMs = 10_000
/** Links, or candidates, that are looked at in one step. */
const perStep = 64

/** Commit of a session by its outcomes. Pure but for the traps and the judge's memory. */
export function* sessionCommitOf(
  outcomes: readonly UrlVisited[],
  rules: ScopeRules,
  trapOf: TrapOf,
  judge: TextJudge,
  refusals: Refusals,
): Steps<OutcomeCommit> {
  const builder = new CommitBuilder(rules, trapOf, judge, refusals)
  for (const visited of outcomes) yield* builder.add(unlessRetracted(visited, refusals))
  return builder.commit
}

/** Commit in the making, outcome by outcome. */
class CommitBuilder {
  readonly #rules: ScopeRules
  readonly #trapOf: TrapOf
  readonly #judge: TextJudge
  readonly #refusals: Refusals
  readonly #done: number[] = []
  readonly #decided: DecidedPage[] = []
  readonly #retry: OutcomeCommit['retry'][number][] = []
  readonly #back: number[] = []
  readonly #offers: Offer[] = []
  readonly #candidates: Found[] = []
  readonly #counters: Record<string, number> = {}
  #pages = 0
  #answered = 0
  #unanswered = 0

  constructor(rules: ScopeRules, trapOf: TrapOf, judge: TextJudge, refusals: Refusals) {
    this.#rules = rules
    this.#trapOf = trapOf
    this.#judge = judge
    this.#refusals = refusals
  }

  get commit(): OutcomeCommit {
    return {
      done: this.#done,
      decided: this.#decided,
      retry: this.#retry,
      back: this.#back,
      pages: this.#pages,
      offers: this.#offers,
      candidates: this.#candidates,
      counters: this.#counters,
      health: healthOf(this.#answered, this.#unanswered),
    }
  }

  *add(visited: UrlVisited): Steps<void> {
    const { url, outcome } = visited
    const row = pageRowOf(visited)
    if (row !== null) this.#decided.push(row)
    this.#countAnswer(outcome)
    switch (outcome.kind) {
      case 'page':
        this.#done.push(url.id)
        yield* this.#addPage(url, outcome)
        break
      case 'redirect':
        this.#done.push(url.id)
        if (url.depth === 0 && hostOf(outcome.to) !== hostOf(url.url)) this.#count(seedsMoved)
        this.#follow(url, outcome.to)
        break
      case 'loop':
        this.#count('redirects')
        this.#skip(url, 'redirect_loop')
        break
      case 'retry':
        if (url.attempts + 1 >= maxTries) this.#skip(url, outcome.reason)
        else this.#tryAgain({ id: url.id, delayMs: outcome.delayMs })
        break
      case 'skipped':
        this.#skip(url, outcome.reason)
        if (outcome.refusal !== undefined) this.#count(`page_opted_out:${outcome.refusal.rule}`)
        break
      case 'forbidden':
        this.#skip(url, outcome.optOut === undefined ? 'robots' : 'opt_out')
        if (outcome.optOut !== undefined) this.#count(`page_opted_out:${outcome.optOut}`)
        break
      case 'refused':
        this.#skip(url, outcome.by)
        break
      case 'out':
        this.#skip(url, outcome.verdict)
        break
      case 'uncommitted':
        if (isLastRefusal(url)) this.#skip(url, 'commit_failed')
        else this.#tryAgain({ id: url.id, delayMs: refusedMs, refused: true })
        break
      case 'back':
        this.#back.push(url.id)
        break
    }
  }

  *#addPage(url: LeasedUrl, { page, movedTo, permission }: PageOutcome): Steps<void> {
    this.#pages++
    countPage(page, (name, n) => this.#count(name, n))
    if (typeof movedTo === 'string') this.#follow(url, movedTo)
    for (const [i, link] of page.links.entries()) {
      if (i % perStep === 0) yield
      this.#offer({ url: link, depth: url.depth + 1, anchor: url.anchor, redirects: 0 }, url)
    }
    const { taken, retracted } = takenOf(page.candidates, this.#refusals)
    if (retracted > 0) this.#count('image_skipped:retracted', retracted)
    this.#count('candidates_seen', taken.length)
    for (const [i, candidate] of taken.entries()) {
      if (i % perStep === 0) yield
      this.#candidates.push(foundOf(readBy(candidate, permission), this.#judge))
    }
  }

  /** URLs that were not asked for say nothing about their host. */
  #countAnswer(outcome: UrlOutcome): void {
    if (outcome.kind === 'out' || outcome.kind === 'refused' || outcome.kind === 'back') return
    if ((outcome.kind === 'retry' || outcome.kind === 'skipped') && !isAnswered(outcome.reason)) {
      this.#unanswered++
    } else {
      this.#answered++
    }
  }

  #count(name: string, n = 1): void {
    this.#counters[name] = (this.#counters[name] ?? 0) + n
  }

  #skip(url: LeasedUrl, reason: string): void {
    this.#done.push(url.id)
    this.#count(`page_skipped:${reason}`)
  }

  #tryAgain(retry: OutcomeCommit['retry'][number]): void {
    this.#retry.push(retry)
    this.#count('page_retries')
  }

  #follow(url: LeasedUrl, to: string): void {
    this.#count('redirects')
    if (url.redirects >= maxRedirects) this.#count('page_skipped:redirects')
    else this.#offer(redirected(url, to, this.#rules), url)
  }

  #offer(url: FrontierUrl, from: LeasedUrl): void {
    const scope = this.#refusals.ofUrls([url.url]) ?? scopeVerdict(url, this.#rules)
    const verdict = scope === 'in' ? (this.#trapOf(url.url, from) ?? scope) : scope
    if (verdict === 'in') this.#offers.push({ ...url, host: hostOf(url.url) })
    else this.#count(`link_skipped:${verdict}`)
  }
}

type PageOutcome = Extract<UrlOutcome, { kind: 'page' }>

/** The candidate with the word on which its page was read. A frame's pictures have their own. */
function readBy(candidate: Candidate, permission: Permission | undefined): Candidate {
  return permission === undefined || candidate.pagePermission !== undefined
    ? candidate
    : { ...candidate, pagePermission: permission }
}

/** Target of a redirect. The one of a seed is what its user meant: the scope moves with it. */
function redirected(from: FrontierUrl, to: string, rules: ScopeRules): FrontierUrl {
  return {
    url: to,
    depth: from.depth,
    anchor: from.depth === 0 ? anchorOf(to, rules.scope) : from.anchor,
    redirects: from.redirects + 1,
  }
}

function countPage(page: Page, count: (name: string, n?: number) => void): void {
  count('pages')
  count('page_bytes', page.bytes)
  count('links', page.links.length)
  if (page.linksClosed > 0) count('link_skipped:nofollow', page.linksClosed)
  if (page.linksByRule !== undefined) count('link_skipped:rule', page.linksByRule)
  if (page.linksBeyond !== undefined) count('link_skipped:page_full', page.linksBeyond)
  count('images_seen', page.imagesSeen)
  if (page.imagesNamed !== undefined) count('images_named', page.imagesNamed)
  if (page.refusal !== null) count(`images_opted_out:${page.refusal.rule}`)
  for (const [reason, n] of Object.entries(page.imagesSkipped)) count(`image_skipped:${reason}`, n)
}
