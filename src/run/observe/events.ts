import type { ServerState, WorkKind } from '../../backend/index.js'

/** What happens in a worker process, for logs and metrics. */
export type WorkEvent =
  /** A work item was consumed. `again`: there is more to do under its key. */
  | {
      readonly kind: 'visited'
      readonly work: WorkKind
      readonly run: string
      readonly key: string
      readonly ms: number
      readonly again: boolean
    }
  /** Something failed and will be tried again; run and key are null where it belongs to none. */
  | {
      readonly kind: 'trouble'
      readonly run: string | null
      readonly key: string | null
      readonly message: string
    }
  /** This process cannot do its part of a run; others may. */
  | { readonly kind: 'problem'; readonly run: string; readonly message: string }
  /** A commit was taken up: what it counted, by name, e.g. `pages`, `rejected:score_low`. */
  | { readonly kind: 'counted'; readonly run: string; readonly counters: Readonly<Record<string, number>> }
  /** A commit came after its lease was lost, and changed nothing. */
  | { readonly kind: 'lease_lost'; readonly work: WorkKind; readonly run: string; readonly key: string }
  | { readonly kind: 'scored'; readonly run: string; readonly pairs: number; readonly ms: number }
  /** Something that people should know, and that is no failure. */
  | { readonly kind: 'notice'; readonly message: string }
  | { readonly kind: 'run_ended'; readonly run: string; readonly as: string }
  | { readonly kind: 'swept'; readonly run: string; readonly files: number }
  | { readonly kind: 'reconnected' }
  /** The server stands otherwise than before; `message`: how, and what to do. */
  | { readonly kind: 'server'; readonly state: ServerState['kind']; readonly message: string }
  /** The server refused a call because of its state, which is told by itself. It will be tried again. */
  | {
      readonly kind: 'refused'
      readonly run: string | null
      readonly key: string | null
      readonly message: string
    }

export type Observe = (event: WorkEvent) => void
