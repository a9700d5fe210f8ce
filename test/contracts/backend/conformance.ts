import { afterAll, beforeAll, describe } from 'vitest'
import type { RunLimits } from '../../../src/backend/backend.js'
import { backlogRules } from './backlog-rules.js'
import { batchRules } from './batch-rules.js'
import { cutRules } from './cut-rules.js'
import { type OpenedBackend, openDesk } from './desk.js'
import { doubtRules } from './doubt-rules.js'
import { duplicateRules } from './duplicate-rules.js'
import { forgetRules } from './forget-rules.js'
import { frontierRules } from './frontier-rules.js'
import { heldRules } from './held-rules.js'
import { leaseRules } from './lease-rules.js'
import { limitRules } from './limit-rules.js'
import { nearestRules } from './nearest-rules.js'
import { pageRules } from './page-rules.js'
import { planRules } from './plan-rules.js'
import { politenessRules } from './politeness-rules.js'
import { randomRules } from './random-rules.js'
import { rejectRules } from './reject-rules.js'
import { renderRules } from './render-rules.js'
import { runRules } from './run-rules.js'
import { sourceRules } from './source-rules.js'
import { turnRules } from './turn-rules.js'

/** Opens a desk with a run of its own on the backend that all tests share. */
export type OpenDesk = (limits?: Partial<RunLimits>, name?: string) => ReturnType<typeof openDesk>

/**
 * What every backend must hold to, whatever it is made of. `open` is called once: each test has a run and hosts of its own.
 */
export function backendConformance(name: string, open: () => Promise<OpenedBackend>): void {
  describe(`${name} as a backend`, { timeout: 120_000 }, () => {
    let opened: OpenedBackend
    beforeAll(async () => {
      opened = await open()
    }, 180_000)
    afterAll(() => opened.close(), 60_000)
    const desk: OpenDesk = (limits, run) => openDesk(opened.backend, limits, run)

    frontierRules(desk)
    leaseRules(desk)
    turnRules(desk)
    doubtRules(desk)
    politenessRules(desk, (host, ms) => opened.ageThrottle(host, ms))
    renderRules(desk)
    limitRules(desk)
    heldRules(desk)
    batchRules(desk)
    rejectRules(desk)
    backlogRules(desk)
    claimRules(desk, (calls) => opened.dying(calls))
    planRules(desk)
    pageRules(desk)
    runRules(desk)
    sourceRules(desk)
    forgetRules(desk, () => opened.traces?.() ?? Promise.resolve({}))
    randomRules(desk, (run) => opened.recount?.(run) ?? Promise.resolve({}))
  })
}

/** What holds for the images that are kept, however near ones are looked for. */
export function claimRules(desk: OpenDesk, dying: OpenedBackend['dying']): void {
  duplicateRules(desk)
  nearestRules(desk)
  cutRules(desk, dying)
}
