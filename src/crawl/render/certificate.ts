import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** Certificate that the guard shows to the browser in place of every https site's. */
export interface GuardCertificate {
  /** PEM. */
  readonly key: string
  /** PEM. */
  readonly cert: string
  /** SHA-256 of the public key, in base64: by it, and by nothing else, one browser is told to trust it. */
  readonly keyHash: string
}

/**
 * A key and a certificate signed by itself, made anew at every call and never written anywhere. It names no host: who trusts it
 * trusts the key (Chromium's --ignore-certificate-errors-spki-list).
 */
export function createGuardCertificate(now: Date): GuardCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const keyInfo = publicKey.export({ type: 'spki', format: 'der' })
  const name = sequence(set(sequence(objectId(commonName), utf8('pairmill guard'))))
  const validity = sequence(time(now, -1), time(now, 30))
  const serial = integer(Buffer.concat([Buffer.from([1]), randomBytes(8)]))
  const body = sequence(version3, serial, ecdsaWithSha256, name, validity, name, keyInfo)
  const certificate = sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, privateKey)))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
    keyHash: createHash('sha256').update(keyInfo).digest('base64'),
  }
}

/** DER (X.690) of what X.509 (RFC 5280 section 4.1) needs here. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts)
const set = (...parts: readonly Buffer[]): Buffer => der(0x31, ...parts)
const integer = (bytes: Buffer): Buffer => der(0x02, bytes)
const bitString = (bytes: Buffer): Buffer => der(0x03, Buffer.from([0]), bytes)
const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text))
const objectId = (bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes))

/** 2.5.4.3 */
const commonName = [0x55, 0x04, 0x03]
/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = sequence(objectId([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]))
const version3 = der(0xa0, integer(Buffer.from([2])))

function time(now: Date, days: number): Buffer {
  const at = new Date(now.getTime() + days * 86_400_000).toISOString()
  return der(0x18, Buffer.from(`${at.replace(/[-:T]/g, '').slice(0, 14)}Z`))
}
