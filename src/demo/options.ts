import type { StyleName } from './styles.js'

/** What decides the demo web, to the last byte of its pages. */
export interface DemoSize {
  /** Any text; another seed is another web. */
  readonly seed: string
  /** One host a style. */
  readonly styles: readonly StyleName[]
  /** Pictures a host shows, at least 1; null = all that its style draws, up to about 1,600. */
  readonly picturesPerHost: number | null
}
