import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectFleet } from '../../../../src/backend/index.js'
import { failureOf } from '../../../../src/backend/redis/dial.js'
import { createGuardCertificate } from '../../../../src/crawl/render/certificate.js'
import { claimPorts } from '../../../fixtures/net/claimed-ports.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'
import { tempFolder } from '../../../fixtures/run/pairmill.js'

const address = { host: 'there', port: 7, tls: false, database: 0 }
const failed = (message: string, code?: string) =>
  failureOf(Object.assign(new Error(message), code === undefined ? {} : { code }), address)

describe('a server that may come up by itself', () => {
  it.each([
    ['connect ECONNREFUSED 127.0.0.1:7', 'ECONNREFUSED', 'nothing listens at there:7'],
    ['getaddrinfo ENOTFOUND there', 'ENOTFOUND', 'no host there'],
    ['getaddrinfo EAI_AGAIN there', 'EAI_AGAIN', 'looked up'],
    ['connect ETIMEDOUT', 'ETIMEDOUT', 'no answer from there:7'],
    ['read ECONNRESET', 'ECONNRESET', 'closed the connection'],
    ['LOADING Redis is loading the dataset in memory', undefined, 'loading'],
    ['no answer within 10 s', undefined, 'Is the server running'],
    ["OOM command not allowed when used memory > 'maxmemory'.", undefined, 'full'],
  ])('%s', (message, code, said) => {
    expect(failed(message, code)).toEqual({ kind: 'not_up', message: expect.stringContaining(said) })
  })
})

describe('a server that somebody has to do something about', () => {
  it.each([
    ['NOAUTH HELLO must be called with the client already authenticated', undefined, 'wants a password'],
    ['WRONGPASS invalid username-password pair or user is disabled.', undefined, 'password is wrong'],
    ["NOPERM this user has no permissions to run the 'eval' command", undefined, 'ACL SETUSER'],
    ['DENIED Redis is running in protected mode', undefined, 'protected-mode'],
    ['ERR DB index is out of range', undefined, 'no database 0'],
    ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'NODE_EXTRA_CA_CERTS'],
    ['unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS'],
    ['certificate has expired', 'CERT_HAS_EXPIRED', 'out of date'],
    ["Host: there. is not in the cert's altnames", 'ERR_TLS_CERT_ALTNAME_INVALID', 'another name'],
    ['Unknown RESP type 72 "H". Please report this.', undefined, 'no Redis'],
    ["ERR unknown command 'select'", undefined, 'Sentinel'],
    ['MASTERDOWN Link with MASTER is down', undefined, 'copy'],
    ['MISCONF Redis is configured to save', undefined, 'disk'],
    ['ERR something of its own', undefined, 'the server says: ERR something of its own'],
  ])('%s', (message, code, said) => {
    expect(failed(message, code)).toEqual({ kind: 'unusable', message: expect.stringContaining(said) })
  })
})

describe('a URL of a fleet', () => {
  it.each([
    ['mysql://there', 'expected redis://HOST'],
    ['redis-sentinel://there', 'Sentinels'],
    ['redis://there/foo', 'number of a database'],
    ['redis://there/1/2', 'number of a database'],
    ['redis://there/-1', 'number of a database'],
    ['redis://there?prefix=a%20b', 'prefix'],
  ])('%s is named for what it is, and nothing is dialled', async (url, said) => {
    expect(await connectFleet(url, () => {})).toEqual({
      kind: 'unusable',
      message: expect.stringContaining(said),
    })
  })
})

describe.skipIf(serverCommand === null)(
  `what a real server is refused for${whyNoServer}`,
  { timeout: 60_000 },
  () => {
    let server: RedisServer
    let tlsPort: number
    const closers: (() => Promise<void>)[] = []
    const connect = (url: string) => connectFleet(url, () => {})
    /** Why it is refused; also asked of no server that would answer by its own within the 10 s. */
    const refusal = async (url: string): Promise<string> => {
      const fleet = await connect(url)
      if (!('message' in fleet)) {
        await fleet.close()
        throw new Error(`${url} is not refused`)
      }
      return fleet.message
    }
    beforeAll(async () => {
      server = await startRedis()
      closers.push(server.close)
      const folder = tempFolder()
      const { key, cert } = createGuardCertificate(new Date())
      writeFileSync(join(folder, 'key'), key)
      writeFileSync(join(folder, 'cert'), cert)
      const ports = await claimPorts(1)
      tlsPort = ports.first
      const secure = await startRedis(
        ...['--tls-port', String(tlsPort), '--tls-auth-clients', 'no'],
        ...['--tls-cert-file', join(folder, 'cert'), '--tls-key-file', join(folder, 'key')],
      )
      closers.push(secure.close, ports.release)
    })
    afterAll(async () => {
      for (const close of closers) await close()
    })
    const users = async () => {
      const fleet = await connect(server.url)
      if ('message' in fleet) throw new Error(fleet.message)
      await fleet.close()
    }

    it('TLS to a plain port, and plain words to a TLS port', async () => {
      expect(await refusal(`rediss://127.0.0.1:${server.port}`)).toContain('speaks no TLS: say redis://')
      expect(await refusal(`redis://127.0.0.1:${tlsPort}`)).toContain('speaks TLS: say rediss://')
    })

    it('a certificate that nobody vouches for', async () => {
      expect(await refusal(`rediss://127.0.0.1:${tlsPort}`)).toContain('NODE_EXTRA_CA_CERTS')
    })

    it('a database that it has not; one that it has holds a fleet of its own', async () => {
      await users()
      expect(await refusal(`${server.url}/99`)).toContain('no database 99')
      const [zeroth, ninth] = await Promise.all([connect(`${server.url}/0`), connect(`${server.url}/9`)])
      if ('message' in zeroth || 'message' in ninth) throw new Error('refused')
      const limits = { maxPages: null, maxPairs: null, maxPagesPerHost: null }
      await ninth.backend.openRun('only-there', {}, limits)
      expect(await zeroth.backend.runs()).toEqual([])
      expect(await ninth.backend.runs()).toMatchObject([{ run: 'only-there' }])
      await Promise.all([zeroth.close(), ninth.close()])
    })

    it('what a user may not do, by its name; one that may not ask INFO goes on with a word about it', async () => {
      const { Redis } = await import('ioredis')
      const admin = new Redis(server.url)
      const user = (name: string, ...rights: string[]) =>
        admin.acl('SETUSER', name, 'on', '>x', '~{pairmill}:*', '+@all', ...rights)
      await user('silent', '-info')
      await user('scriptless', '-@scripting')
      await admin.acl('SETUSER', 'elsewhere', 'on', '>x', '~other:*', '+@all')
      admin.disconnect()
      const as = (name: string) => `redis://${name}:x@127.0.0.1:${server.port}`
      expect(await refusal(as('scriptless'))).toMatch(/NOPERM.*ACL SETUSER/)
      expect(await refusal(as('elsewhere'))).toMatch(/NOPERM.*ACL SETUSER/)
      expect(await refusal(`redis://silent:wrong@127.0.0.1:${server.port}`)).toContain('password is wrong')
      const fleet = await connect(as('silent'))
      if ('message' in fleet) throw new Error(fleet.message)
      expect(fleet.warnings).toEqual([expect.stringContaining('+info')])
      await fleet.bells.ring('session', 'r', ['a.test'])
      await fleet.server.look()
      expect([fleet.server.state, fleet.server.memory]).toEqual([{ kind: 'ok' }, null])
      await fleet.close()
    })

    it('a port on which something else answers', async () => {
      const other = createServer((socket) => {
        socket.on('error', () => {})
        socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
      }).listen(0, '127.0.0.1')
      await once(other, 'listening')
      const place = other.address()
      if (place === null || typeof place === 'string') throw new Error('no port')
      expect(await refusal(`redis://127.0.0.1:${place.port}`)).toContain('no Redis')
      other.close()
      await once(other, 'close')
    })
  },
)
