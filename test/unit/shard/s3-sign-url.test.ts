import { expect, it } from 'vitest'
import { signedGetUrl } from '../../../src/shard/s3/sign-url.js'

/** The example of Amazon's page on signatures in the query. */
it('signs a URL as Amazon does', () => {
  const signer = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    sessionToken: null,
    region: 'us-east-1',
  }
  const permit = { nowMs: Date.parse('2013-05-24T00:00:00Z'), expiresS: 86_400 }
  expect(signedGetUrl('https://examplebucket.s3.amazonaws.com/test.txt', signer, permit)).toBe(
    'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
      '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  )
})

it('signs the token of credentials that end', () => {
  const signer = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'to/ken=', region: 'eu-west-1' }
  const url = signedGetUrl('http://127.0.0.1:9000/pairs/00000.tar', signer, { nowMs: 0, expiresS: 60 })
  expect(url).toContain('&X-Amz-Security-Token=to%2Fken%3D&X-Amz-SignedHeaders=host&')
  const without = signedGetUrl(
    'http://127.0.0.1:9000/pairs/00000.tar',
    { ...signer, sessionToken: null },
    { nowMs: 0, expiresS: 60 },
  )
  expect(url.slice(-64)).not.toBe(without.slice(-64))
})
