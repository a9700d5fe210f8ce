import { fileURLToPath } from 'node:url'

/** Where the bench keeps what it makes, installs and measures; the cache is never committed. */
export const repo = fileURLToPath(new URL('..', import.meta.url))
export const cache = fileURLToPath(new URL('../.cache/bench/', import.meta.url))
export const peersFolder = fileURLToPath(new URL('./peers/', import.meta.url))
/** The built program, started as its users start it: by its first line. */
export const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
