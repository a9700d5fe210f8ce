import type { Writable } from 'node:stream'
import { printed } from './figures.js'

/** Where text goes. Writing to a pipe whose reader has gone is silently nothing. */
export interface Output {
  write(text: string): void
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
  stream.on('error', () => {
    open = false
  })
  return {
    write(text) {
      if (open) stream.write(text)
    },
    isTerminal: stream.isTTY === true,
    columns: () => stream.columns ?? 80,
  }
}
