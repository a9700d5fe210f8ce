/** Roles that a process of a fleet may be started in. */
export const workRoles = ['crawl', 'filter', 'shard', 'all'] as const
export type WorkRole = (typeof workRoles)[number]
