/** What a process of a fleet may be started as. */
export const workRoles = ['crawl', 'filter', 'shard', 'all'] as const
export type WorkRole = (typeof workRoles)[number]
