export { inTime } from './in-time.js'
export { createGate, type Gate } from './semaphore.js'
export { pause } from './sleep.js'
export { steadyClock } from './steady-clock.js'
