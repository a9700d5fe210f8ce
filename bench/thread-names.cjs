// Preloaded into each thread of a program that is measured: writes which thread of the kernel runs which file, a JSON line each,
// to the file that PAIRMILL_BENCH_THREADS names.
const { appendFileSync, readdirSync, readlinkSync } = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const threads = require('node:worker_threads')

const say = (told) => {
  appendFileSync(process.env.PAIRMILL_BENCH_THREADS, `${JSON.stringify({ pid: process.pid, ...told })}\n`)
}
const kernelThread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
say({ thread: threads.threadId, kernelThread })
// Before any code runs there are the main thread and those of V8.
if (threads.isMainThread) say({ engine: readdirSync('/proc/self/task').map(Number) })

threads.Worker = class extends threads.Worker {
  constructor(file, options) {
    super(file, options)
    say({ thread: this.threadId, file: String(file).split('/').slice(-2).join('/') })
  }
}
syncBuiltinESMExports()
