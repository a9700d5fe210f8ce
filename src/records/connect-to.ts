import { isIP } from 'node:net'

/**
 * Where connections for a host and port really go (curl's --connect-to). Hosts are lower-case, punycoded, and
 * IPv6 without brackets; '' = any (from) or unchanged (to); null = any port (from) or unchanged (to).
 */
export interface ConnectTo {
  readonly fromHost: string
  readonly fromPort: number | null
  readonly toHost: string
  readonly toPort: number | null
}

/** A place to connect to; an IPv6 host has no brackets. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

const field = /^(?:(\[[^\]]*\])|([^:[\]]*))(:|$)/

/** Reads HOST1:PORT1:HOST2:PORT2, each of which may be empty; IPv6 in brackets. */
export function parseConnectTo(text: string): ConnectTo | { error: string } {
  const fields: string[] = []
  let rest = text.trim()
  for (let ended = false; !ended; ) {
    const match = field.exec(rest)
    if (match === null || fields.length === 4) return { error: shapeError(text) }
    fields.push(match[1] ?? match[2] ?? '')
    rest = rest.slice(match[0].length)
    ended = match[3] === ''
  }
  const [fromHostText, fromPortText, toHostText, toPortText] = fields
  if (
    fromHostText === undefined ||
    fromPortText === undefined ||
    toHostText === undefined ||
    toPortText === undefined
  ) {
    return { error: shapeError(text) }
  }
  const fromHost = hostFrom(fromHostText)
  const toHost = hostFrom(toHostText)
  if (fromHost === null || toHost === null) {
    return {
      error: `"${shown(fromHost === null ? fromHostText : toHostText, text)}" in "${shown(text, text)}" is not a host`,
    }
  }
  const fromPort = portFrom(fromPortText)
  const toPort = portFrom(toPortText)
  if (fromPort === 'bad' || toPort === 'bad') {
    return {
      error: `"${shown(fromPort === 'bad' ? fromPortText : toPortText, text)}" in "${shown(text, text)}" is not a port (1-65535)`,
    }
  }
  return { fromHost, fromPort, toHost, toPort }
}

/** The endpoint to dial for one: the first rule that matches decides, as with curl. */
export function routed(rules: readonly ConnectTo[], wanted: Endpoint): Endpoint {
  for (const rule of rules) {
    if (rule.fromHost !== '' && rule.fromHost !== wanted.host) continue
    if (rule.fromPort !== null && rule.fromPort !== wanted.port) continue
    return { host: rule.toHost || wanted.host, port: rule.toPort ?? wanted.port }
  }
  return wanted
}

/** A part of a rule, for messages. No rule has an @: what stands before one with a colon may be a user and password. */
function shown(part: string, rule: string): string {
  return /:[^@]*@/.test(rule) ? part.replace(/^[\s\S]*@/, '***@') : part
}

function shapeError(text: string): string {
  return `"${shown(text, text)}" is not HOST1:PORT1:HOST2:PORT2 (each may be empty; IPv6 in brackets)`
}

/** As the URL parser writes hosts, so that rules and URLs compare; null = not a host. */
function hostFrom(text: string): string | null {
  if (text === '') return ''
  if (/[\s/?#@\\]/.test(text) || !URL.canParse(`http://${text}/`)) return null
  const host = new URL(`http://${text}/`).hostname.replace(/^\[|\]$/g, '')
  return text.startsWith('[') && isIP(host) !== 6 ? null : host
}

function portFrom(text: string): number | null | 'bad' {
  if (text === '') return null
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? port : 'bad'
}
