import type { FoundCandidate, Offer, SessionCommit } from '../backend/index.js'
import {
  anchorOf,
  atOnce,
  hostOf,
  type Page,
  type ScopeRules,
  type Steps,
  scopeVerdict,
  type TrapReason,
} from '../crawl/index.js'
import { candidateKey, type DecidedPage, type FrontierUrl, type LeasedUrl } from '../records/index.js'
import { healthOf, isAnswered, maxRedirects } from './hosts/index.js'
import { isLastRefusal, maxTries, pageRowOf, seedsMoved, type UrlVisited } from './url-outcome.js'

/** What a session found, as its commit will write it. */
export type SessionHarvest = Pick<
  SessionCommit,
  'done' | 'decided' | 'retry' | 'back' | 'pages' | 'offers' | 'candidates' | 'counters' | 'health'
>

/** A page whose commit was refused is tried again after this, alone. */
const refusedMs = 10_000

/** Makes the harvest of a session of its outcomes; `trapOf` says why a link is not followed though it is in scope. */
export function harvestOf(...given: Parameters<typeof harvestSteps>): SessionHarvest {
  return atOnce(harvestSteps(...given))
}

/** Links, or candidates, that are looked at in one step. */
const perStep = 64

/** As harvestOf, in steps. */
export function* harvestSteps(
  outcomes: readonly UrlVisited[],
  rules: ScopeRules,
  trapOf: (link: string, from: LeasedUrl) => TrapReason | null,
): Steps<SessionHarvest> {
  const done: number[] = []
  const decided: DecidedPage[] = []
  const retry: SessionHarvest['retry'][number][] = []
  const back: number[] = []
  const offers: Offer[] = []
  const candidates: FoundCandidate[] = []
  const counters: Record<string, number> = {}
  let pages = 0
  let answered = 0
  let dead = 0
  const count = (name: string, n = 1) => {
    counters[name] = (counters[name] ?? 0) + n
  }
  const offer = (url: FrontierUrl, from: LeasedUrl) => {
    const scope = scopeVerdict(url, rules)
    const verdict = scope === 'in' ? (trapOf(url.url, from) ?? scope) : scope
    if (verdict === 'in') offers.push({ ...url, host: hostOf(url.url) })
    else count(`link_skipped:${verdict}`)
  }

  const follow = (url: LeasedUrl, to: string) => {
    count('redirects')
    if (url.redirects >= maxRedirects) count('page_skipped:redirects')
    else offer(redirected(url, to, rules), url)
  }

  for (const visited of outcomes) {
    const { url, outcome } = visited
    const row = pageRowOf(visited)
    if (row !== null) decided.push(row)
    switch (outcome.kind) {
      case 'page':
        done.push(url.id)
        pages++
        answered++
        countPage(outcome.page, count)
        if (typeof outcome.movedTo === 'string') follow(url, outcome.movedTo)
        for (const [i, link] of outcome.page.links.entries()) {
          if (i % perStep === 0) yield
          offer({ url: link, depth: url.depth + 1, anchor: url.anchor, redirects: 0 }, url)
        }
        for (const [i, candidate] of outcome.page.candidates.entries()) {
          if (i % perStep === 0) yield
          candidates.push({
            key: candidateKey(candidate),
            host: hostOf(candidate.imageUrl),
            texts: [...new Set(candidate.captions.map((caption) => caption.text))],
            // A frame's pictures have its own.
            body:
              outcome.permission === undefined || candidate.pagePermission !== undefined
                ? candidate
                : { ...candidate, pagePermission: outcome.permission },
          })
        }
        break
      case 'redirect':
        done.push(url.id)
        answered++
        if (url.depth === 0 && hostOf(outcome.to) !== hostOf(url.url)) count(seedsMoved)
        follow(url, outcome.to)
        break
      case 'loop':
        done.push(url.id)
        answered++
        count('redirects')
        count('page_skipped:redirect_loop')
        break
      case 'retry':
        if (isAnswered(outcome.reason)) answered++
        else dead++
        if (url.attempts + 1 >= maxTries) {
          done.push(url.id)
          count(`page_skipped:${outcome.reason}`)
        } else {
          retry.push({ id: url.id, delayMs: outcome.delayMs })
          count('page_retries')
        }
        break
      case 'skipped':
        done.push(url.id)
        if (isAnswered(outcome.reason)) answered++
        else dead++
        count(`page_skipped:${outcome.reason}`)
        if (outcome.refusal !== undefined) count(`page_opted_out:${outcome.refusal.rule}`)
        break
      case 'forbidden':
        done.push(url.id)
        answered++
        count(`page_skipped:${outcome.optOut === undefined ? 'robots' : 'opt_out'}`)
        if (outcome.optOut !== undefined) count(`page_opted_out:${outcome.optOut}`)
        break
      case 'out':
        done.push(url.id)
        count(`page_skipped:${outcome.verdict}`)
        break
      case 'uncommitted':
        answered++
        if (isLastRefusal(url)) {
          done.push(url.id)
          count('page_skipped:commit_failed')
        } else {
          retry.push({ id: url.id, delayMs: refusedMs, refused: true })
          count('page_retries')
        }
        break
      case 'back':
        back.push(url.id)
        break
    }
  }
  return { done, decided, retry, back, pages, offers, candidates, counters, health: healthOf(answered, dead) }
}

/** Where a seed redirects to is what its user meant: the scope moves with it. */
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
  if (page.linksBeyond !== undefined) count('link_skipped:page_full', page.linksBeyond)
  count('images_seen', page.imagesSeen)
  if (page.imagesNamed !== undefined) count('images_named', page.imagesNamed)
  count('candidates_seen', page.candidates.length)
  if (page.refusal !== null) count(`images_opted_out:${page.refusal.rule}`)
  for (const [reason, n] of Object.entries(page.imagesSkipped)) count(`image_skipped:${reason}`, n)
}
