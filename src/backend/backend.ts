import type { Batches } from './batches.js'
import type { Frontier } from './frontier.js'
import type { Hosts } from './hosts.js'
import type { Leases } from './leases.js'
import type { PageFiles } from './page-files.js'
import type { Plans } from './plans.js'
import type { Runs } from './runs.js'
import type { Sources } from './sources.js'

export type * from './batches.js'
export type * from './frontier.js'
export type * from './hosts.js'
export type * from './leases.js'
export type * from './page-files.js'
export type * from './plans.js'
export type * from './runs.js'
export type * from './sources.js'

/**
 * The state of all runs: frontier, leases, batches, claims, plans and counters. It is the truth; queues only notify. Every method
 * is one transaction, and every change under a lease is fenced by the lease's token: who lost it changes nothing. Times are the
 * backend's. Methods reject only where the backend is lost or was misused.
 */
export type Backend = Runs & Frontier & Hosts & Sources & Leases & Batches & Plans & PageFiles
