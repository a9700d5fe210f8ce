import type { Writable } from 'node:stream'
import { printed } from './figures.js'

/** Where text goes. Writing to a pipe whose reader has gone is silently nothing. */
export interface Output {
  write(text: string): void
  /** Whether there is still somebody who may read it: else more need not be made. */
  readonly isOpen: boolean
  /** Resolves when all that was written is with its reader, or nobody reads it any more: a pipe takes 64 kB, and the rest waits in memory. */
  drained(): Promise<void>
  readonly isTerminal: boolean
  /** Columns of the terminal; 80 where that is not known. */
  columns(): number
}

/** A message for people, in one line, whoever wrote what stands in it. */
export function say(output: Pick<Output, 'write'>, message: string): void {
  output.write(`pairmill: ${printed(message)}\n`)
}

/**
 * Both standard streams for as long as the process lives. A reader that goes away (`| head`) must not end a run:
 * EPIPE turns that stream off. Other write errors (a full disk) turn it off too; there is nobody left to tell.
 */
export function openOutput(stream: Writable & { isTTY?: boolean; columns?: number }): Output {
  let open = true
  const waiting = new Set<() => void>()
  stream.on('error', () => {
    open = false
    for (const resolve of waiting) resolve()
  })
  return {
    write(text) {
      if (open) stream.write(text)
    },
    get isOpen() {
      return open
    },
    drained: () =>
      new Promise((resolve) => {
        if (!open) return resolve()
        waiting.add(resolve)
        stream.write('', () => {
          waiting.delete(resolve)
          resolve()
        })
      }),
    isTerminal: stream.isTTY === true,
    columns: () => stream.columns ?? 80,
  }
}
