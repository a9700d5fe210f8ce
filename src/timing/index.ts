export { inTime } from './in-time.js'
export { createSemaphore, type Semaphore } from './semaphore.js'
export { sleep } from './sleep.js'
export { steadyClock } from './steady-clock.js'
