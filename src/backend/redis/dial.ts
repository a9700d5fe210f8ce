import { connect as connectPlain } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { Redis } from 'ioredis'
import { secretsOf, withoutValuesOf } from '../../records/index.js'
import { checkServer, infoFrom, type ServerCheck } from './server-check.js'
import { refusalOf, stateText } from './server-state.js'

/** Where a server is. */
interface ServerAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly database: number
}

/** Why a server cannot be used. `not_up`: it may be, later, without that anybody changes anything. */
export interface DialFailure {
  readonly kind: 'not_up' | 'unusable'
  /** For people: what is wrong and what to do. */
  readonly message: string
}

export type Dialled =
  | (ServerCheck & { readonly kind: 'answered'; readonly mayAskInfo: boolean })
  | DialFailure

/** Protocol of a port that does not speak the one that it was asked in; null = neither is to be seen. */
type Spoken = 'plain' | 'tls' | null

/** A TLS handshake that takes longer than this may be one that the other side does not understand. */
const handshakeMs = 1_000
const askMs = 2_000

/** Dials once, asks the server for all that a fleet needs of it, and hangs up: what is wrong is said by its own name, and at once. */
export async function dial(
  url: string,
  prefix: string,
  address: ServerAddress,
  limitMs: number,
): Promise<Dialled> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    enableReadyCheck: false,
    connectTimeout: limitMs,
  })
  // The first error says why; those that follow say only that the connection is gone.
  const errors: Error[] = []
  redis.on('error', (error) => errors.push(error))
  const over = new AbortController()
  try {
    const asked = async () => {
      await redis.connect()
      const [error] = errors
      if (error !== undefined) throw error
      // Where none is named, none need be there: a Sentinel has none, and is known by what it says of itself.
      if (address.database !== 0) await redis.select(address.database)
      const [check, info] = await Promise.all([checkServer(redis, { prefix }), infoFrom(redis)])
      return { ...check, mayAskInfo: info !== null }
    }
    const late = async (): Promise<never> => {
      await setTimeout(limitMs, null, { signal: over.signal })
      throw new Error(`no answer within ${limitMs / 1000} s`)
    }
    const unheard = async (): Promise<never> => {
      await setTimeout(handshakeMs, null, { signal: over.signal })
      if (!address.tls || redis.status !== 'connecting' || (await spokenAt(address)) !== 'plain')
        return await late()
      throw new Error('it speaks no TLS')
    }
    const answering = asked()
    // The loser of the race below is heard no more.
    answering.catch(() => {})
    return { kind: 'answered', ...(await Promise.race([answering, late(), unheard()])) }
  } catch (error) {
    const cause = withoutSecretsOf(
      url,
      errors[0] ?? (error instanceof Error ? error : new Error(String(error))),
    )
    return failureOf(cause, address, wasCut(cause) ? await spokenAt(address) : null)
  } finally {
    over.abort()
    redis.disconnect()
  }
}

/** A failure without what lets somebody in: a server may repeat what it was told. Pure. */
export function withoutSecretsOf(url: string, error: Error): Error {
  const message = withoutValuesOf(error.message, secretsOf(url))
  if (message === error.message) return error
  return Object.assign(new Error(message, { cause: error }), { code: codeOf(error) })
}

/** Whether it may have been closed because of the language. Pure. */
function wasCut(cause: Error): boolean {
  return (
    /ECONNRESET|EPIPE|EPROTO|^ERR_SSL/.test(codeOf(cause)) ||
    /Connection is closed|disconnected before secure TLS|Unknown RESP type|speaks no TLS/.test(cause.message)
  )
}

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '')

const notUp = (message: string): DialFailure => ({ kind: 'not_up', message })
const unusable = (message: string): DialFailure => ({ kind: 'unusable', message })

/** The cause of a failure by its own name. Pure. */
export function failureOf(cause: Error, address: ServerAddress, spoken: Spoken = null): DialFailure {
  const { host, port, tls, database } = address
  const { message } = cause
  if (spoken === 'plain' && tls) {
    return unusable(
      `${host}:${port} speaks no TLS: say redis:// in place of rediss://, or name the server's TLS port`,
    )
  }
  if (spoken === 'tls' && !tls)
    return unusable(`${host}:${port} speaks TLS: say rediss:// in place of redis://`)
  const code = codeOf(cause)
  const named = failuresByCode[code]
  if (named !== undefined) return named(address, message)
  if (/CERT|SIGNED|^UNABLE_TO|CRL|ERR_TLS/.test(code)) return certificateFailure(code, message, host)

  const refusal = refusalOf(message)
  if (refusal === 'loading' || refusal === 'full')
    return notUp(stateText(refusal === 'full' ? { kind: 'full', memory: null } : { kind: refusal }))
  if (refusal !== null) return unusable(stateText({ kind: refusal }))
  const [word = ''] = message.split(' ')
  const said = failuresByWord[word]
  if (said !== undefined) return said(message)
  if (/DB index|SELECT is not allowed/.test(message)) {
    return unusable(
      `there is no database ${database} on it (${message}); name one that is, or none: redis://${host}:${port}. How many there are is set by 'databases' in redis.conf, 16 by default`,
    )
  }
  if (/unknown command '?select/i.test(message)) {
    return unusable(`what answers at ${host}:${port} has no databases; is it a Sentinel? (${message})`)
  }
  if (/^Unknown RESP type/.test(message)) return unusable(`what answers at ${host}:${port} is no Redis`)
  if (/^no answer|Connection is closed|max number of clients/.test(message)) {
    return notUp(`${message}. Is the server running, and may this machine reach it?`)
  }
  return unusable(`the server says: ${message}`)
}

const failuresByCode: Readonly<Record<string, (address: ServerAddress, message: string) => DialFailure>> = {
  ECONNREFUSED: ({ host, port }) =>
    notUp(
      `nothing listens at ${host}:${port} (ECONNREFUSED). Is the server running, is the port right, and does it listen for this machine (bind)?`,
    ),
  ENOTFOUND: ({ host }) => notUp(`there is no host ${host} (ENOTFOUND): is its name right?`),
  EAI_AGAIN: ({ host }) => notUp(`the name ${host} cannot be looked up just now (EAI_AGAIN)`),
  EHOSTUNREACH: ({ host }) => notUp(`there is no way to ${host} (EHOSTUNREACH)`),
  ENETUNREACH: ({ host }) => notUp(`there is no way to ${host} (ENETUNREACH)`),
  ETIMEDOUT: ({ host, port }) =>
    notUp(
      `no answer from ${host}:${port} (ETIMEDOUT). Is the server running, and may this machine reach it?`,
    ),
  ECONNRESET: ({ host, port }) => notUp(`${host}:${port} closed the connection (ECONNRESET)`),
}

const failuresByWord: Readonly<Record<string, (message: string) => DialFailure>> = {
  NOAUTH: () =>
    unusable('the server wants a password (NOAUTH): redis://:PASSWORD@HOST, or redis://USER:PASSWORD@HOST'),
  WRONGPASS: () =>
    unusable(
      'user or password is wrong, or the user is disabled (WRONGPASS); characters such as / @ : # % in them are written %2F %40 %3A %23 %25',
    ),
  NOPERM: (message) =>
    unusable(
      `the user may not do what a fleet needs (${message}): ACL SETUSER NAME +@all -@admin '~{PREFIX}:*', where PREFIX is pairmill unless ?prefix= says otherwise`,
    ),
  DENIED: () =>
    unusable(
      'the server takes connections from its own machine alone (DENIED): give it a password, or set protected-mode no',
    ),
}

function certificateFailure(code: string, message: string, host: string): DialFailure {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return unusable(
      `its certificate is for another name than ${host} (${message}); name it as its certificate does`,
    )
  }
  if (/EXPIRED|NOT_YET/.test(code)) return unusable(`its certificate is out of date (${code}: ${message})`)
  return unusable(
    `its certificate is not trusted (${code}: ${message}); name the authority that signed it: NODE_EXTRA_CA_CERTS=FILE`,
  )
}

/** Asks the port in the other language: plain where it was TLS, TLS where it was plain. */
async function spokenAt({ host, port, tls }: ServerAddress): Promise<Spoken> {
  return await new Promise<Spoken>((resolve) => {
    const socket = tls
      ? connectPlain({ host, port }, () => socket.write('PING\r\n'))
      : connectTls({ host, port, rejectUnauthorized: false }, () => end('tls'))
    const end = (spoken: Spoken) => {
      socket.destroy()
      resolve(spoken)
    }
    socket.setTimeout(askMs, () => end(null))
    // Its error tells no more than that it does not speak so.
    socket.on('error', () => end(null))
    socket.on('close', () => end(null))
    if (tls) socket.on('data', (bytes) => end(/^[+-]/.test(bytes.toString('latin1')) ? 'plain' : null))
  })
}
