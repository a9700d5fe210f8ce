import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { createGuardCertificate } from '../../../../src/crawl/render/certificate.js'

const now = new Date('2026-03-04T05:06:07Z')

describe('the certificate of a guard', () => {
  const made = createGuardCertificate(now)
  const read = new X509Certificate(made.cert)

  it('is signed by its own key, and can be served', () => {
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.checkPrivateKey(createPrivateKey(made.key))).toBe(true)
    expect(() => createSecureContext(made)).not.toThrow()
  })

  it('is known by the hash of its key', () => {
    const key = read.publicKey.export({ type: 'spki', format: 'der' })
    expect(made.keyHash).toBe(createHash('sha256').update(key).digest('base64'))
  })

  it('names no host, and holds for a month', () => {
    expect(read.subject).toBe('CN=pairmill guard')
    expect(read.checkHost('example.org')).toBeUndefined()
    expect(new Date(read.validFrom)).toEqual(new Date('2026-03-03T05:06:07Z'))
    expect(new Date(read.validTo)).toEqual(new Date('2026-04-03T05:06:07Z'))
  })

  it('is another one every time', () => {
    const other = createGuardCertificate(now)
    expect(other.keyHash).not.toBe(made.keyHash)
    expect(new X509Certificate(other.cert).serialNumber).not.toBe(read.serialNumber)
  })
})
