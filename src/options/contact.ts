/** An e-mail address, or an http or https URL; printable ASCII, as headers are. */
export const contactPattern =
  /^(?:https?:\/\/[\x21-\x7e]+|[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)$/

/** A user agent that says how to reach who crawls. */
export function withContact(userAgent: string, contact: string | null): string {
  if (contact === null || userAgent.includes(contact)) return userAgent
  return userAgent.endsWith(')') ? `${userAgent.slice(0, -1)}; ${contact})` : `${userAgent} (${contact})`
}
