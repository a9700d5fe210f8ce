/**
 * Where the state lies in Redis. The keys themselves are built in lua/parts/keys.lua, which describes the data model; all begin with
 * the root, whose braces make the prefix the hash tag: everything of one prefix lies in one slot of a cluster, as scripts need it.
 */
export function rootOf(prefix: string): string {
  if (!/^[\w.-]{1,40}$/.test(prefix)) {
    throw new Error(`Redis prefix ${JSON.stringify(prefix)}: use 1 to 40 letters, digits, "_", "-" or "."`)
  }
  return `{${prefix}}:`
}

/** The prefix of the doorbells' queues, in the same slot. */
export function queuePrefixOf(prefix: string): string {
  return `${rootOf(prefix)}bells`
}

/** Which data model the root holds: {prefix}:model. A process that knows another one must not touch it. */
export const dataModel = '1'
export function modelKeyOf(prefix: string): string {
  return `${rootOf(prefix)}model`
}
