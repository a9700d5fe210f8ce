import { afterAll } from 'vitest'
import { endFile } from '../fixtures/file-end.js'

/** Before each file: after its own `afterAll`, nothing of it is left in a process that others share. */
afterAll(endFile)
