import { createRequire } from 'node:module'

/**
 * The image library, as CommonJS: its ES modules are 0.07 s of CPU dearer to load, and each thread that works on pictures loads them anew.
 */
export const sharp = createRequire(import.meta.url)('sharp') as typeof import('sharp')['default']
