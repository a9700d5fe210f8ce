/**
 * The ways beside robots.txt's own rules in which a site says that its pages and images are not to be taken. Each is obeyed unless a run
 * was told by its name to ignore it.
 */
export const optOuts = [
  'x-robots-tag',
  'meta-robots',
  'rel-nofollow',
  'tdm',
  'aipref',
  'content-signal',
  'ai-txt',
] as const
export type OptOut = (typeof optOuts)[number]
