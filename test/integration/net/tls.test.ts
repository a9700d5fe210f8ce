import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNet, type Net, type NetOptions } from '../../../src/net/index.js'
import { parseConnectTo } from '../../../src/records/index.js'
import { hasOpenssl, makeCertificate } from '../../fixtures/net/certificate.js'

describe.skipIf(!hasOpenssl)('https (needs the openssl command to make a certificate)', () => {
  let server: Server
  let certificate = ''
  let connections = 0
  const nets: Net[] = []

  beforeAll(async () => {
    const made = makeCertificate(['DNS:pictures.example', 'IP:192.0.2.7'])
    certificate = made.cert
    server = createServer(made, (request, response) => {
      response.end(`${request.headers.host} ${request.url}`)
    })
    server.on('secureConnection', () => {
      connections += 1
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
  })
  afterAll(async () => {
    for (const net of nets) await net.close()
    server.close()
  })

  function netWith(options: Partial<NetOptions>): Net {
    const everyWhereHere = parseConnectTo(`::127.0.0.1:${(server.address() as AddressInfo).port}`)
    if ('error' in everyWhereHere) throw new Error(everyWhereHere.error)
    const net = createNet({
      userAgent: 'test',
      connectTo: [everyWhereHere],
      allowPrivate: ['127.0.0.0/8'],
      ...options,
    })
    nets.push(net)
    return net
  }

  function get(net: Net, url: string) {
    return net.fetch({ url, accept: '*/*', maxBytes: 1000, deadlineMs: 10_000 }, new AbortController().signal)
  }

  it("checks the certificate against the URL's host, wherever the connection went", async () => {
    const net = netWith({ extraCa: [certificate] })
    for (const host of ['pictures.example', '192.0.2.7']) {
      const outcome = await get(net, `https://${host}/a?b`)
      expect(outcome.kind === 'response' && Buffer.from(outcome.body).toString()).toBe(`${host} /a?b`)
    }
    expect(await get(net, 'https://else.example/')).toMatchObject({ kind: 'failed', reason: 'tls' })
    expect(await get(net, 'https://192.0.2.8/')).toMatchObject({ kind: 'failed', reason: 'tls' })
  })

  it('uses a connection again', async () => {
    const net = netWith({ extraCa: [certificate] })
    const before = connections
    for (let i = 0; i < 5; i += 1) await get(net, 'https://pictures.example/')
    expect(connections - before).toBe(1)
  })

  it('does not trust a certificate that nobody vouches for', async () => {
    expect(await get(netWith({}), 'https://pictures.example/')).toMatchObject({
      kind: 'failed',
      reason: 'tls',
    })
  })
})
