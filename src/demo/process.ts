import { type DemoOptions, startDemoWeb } from './web.js'

/** What the demo web's process says: that it serves, and when asked, how often it was asked for what it forbids. */
export type FromDemo =
  | { readonly kind: 'serving'; readonly port: number }
  | { readonly kind: 'forbidden'; readonly requests: number }
export type ToDemo = { readonly kind: 'forbidden?' }

// Started by startDemoProcess. Whoever started it is gone when the channel closes.
process.once('disconnect', () => process.exit(0))
// Ctrl-C goes to every process of the terminal; this one serves until the run has drained.
process.on('SIGINT', () => {})

const options = JSON.parse(process.argv[2] ?? '') as DemoOptions
const web = await startDemoWeb(options, new AbortController().signal)
const say = (message: FromDemo) => process.send?.(message)
process.on('message', (asked: ToDemo) => {
  if (asked.kind === 'forbidden?') say({ kind: 'forbidden', requests: web.forbiddenRequests() })
})
say({ kind: 'serving', port: web.port })
