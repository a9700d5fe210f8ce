import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseS3Url } from '../../../src/records/index.js'
import { defaultPace } from '../../../src/shard/index.js'
import { faultOf, type S3Fault } from '../../../src/shard/s3/fault.js'
import { pauseBefore } from '../../../src/shard/s3/pace.js'
import { maxUploadPieces, pieceBytes, piecesOf } from '../../../src/shard/s3/pieces.js'
import { runs } from '../../fixtures/runs.js'

const passing: S3Fault = { kind: 'passing', code: 'InternalError', status: 500, detail: null }

describe('an s3:// URL', () => {
  it('is a bucket and the beginning of all keys', () => {
    expect(parseS3Url('s3://my.bucket-1/sets/cats/')).toEqual({
      bucket: 'my.bucket-1',
      prefix: 'sets/cats/',
      url: 's3://my.bucket-1/sets/cats',
    })
    expect(parseS3Url('s3://bucket')).toEqual({ bucket: 'bucket', prefix: '', url: 's3://bucket' })
  })

  it.each([
    's3://',
    's3://B/x',
    's3://ab/x',
    's3://bucket//x',
    's3://bucket/../x',
    's3://bucket/x//y',
    'http://bucket/x',
  ])('is not %s', (text) => {
    expect(parseS3Url(text)).toHaveProperty('problem', expect.stringContaining('expected s3://BUCKET/PREFIX'))
  })
})

describe('the pieces of an upload', () => {
  it('hold every byte once, in order, within what S3 takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 * 2 ** 40 }), (size) => {
        const pieces = piecesOf(size, maxUploadPieces)
        expect(pieces.length).toBeLessThanOrEqual(10_000)
        let end = 0
        for (const [i, piece] of pieces.entries()) {
          if (piece.index !== i || piece.offset !== end) throw new Error(`a gap before piece ${i}`)
          if (i < pieces.length - 1 && piece.size < pieceBytes) throw new Error(`piece ${i} is too small`)
          end += piece.size
        }
        expect(end).toBe(size)
      }),
      { numRuns: runs.work },
    )
  })
})

describe('the pause before the next try', () => {
  it('doubles, is spread over its upper half, and ends with the tries', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), random, (tried, value) => {
        const pauseMs = pauseBefore(passing, tried, defaultPace, () => value)
        if (tried >= defaultPace.tries) {
          expect(pauseMs).toBeNull()
          return
        }
        const fullMs = Math.min(defaultPace.maxBackoffMs, defaultPace.backoffMs * 2 ** (tried - 1))
        expect(pauseMs).toBeGreaterThanOrEqual(Math.floor(fullMs / 2))
        expect(pauseMs).toBeLessThanOrEqual(fullMs)
      }),
    )
  })

  it('is longer where the store asks to slow down', () => {
    const slow = { ...passing, code: 'SlowDown', status: 503 }
    expect(pauseBefore(slow, 1, defaultPace, () => 0)).toBe(
      5 * pauseBefore(passing, 1, defaultPace, () => 0)!,
    )
  })

  it('is not made for what will not pass', () => {
    for (const kind of ['absent', 'precondition', 'unsupported', 'lasting'] as const)
      expect(pauseBefore({ ...passing, kind }, 1, defaultPace, Math.random)).toBeNull()
  })
})

describe('what a failed request asks for', () => {
  const answer = (status: number, name: string, more: object = {}) =>
    Object.assign(new Error(`${name} it is`), { name, $metadata: { httpStatusCode: status }, ...more })

  it.each([
    [500, 'InternalError', 'passing'],
    [502, 'UnknownError', 'passing'],
    [503, 'SlowDown', 'passing'],
    [429, 'TooManyRequests', 'passing'],
    [400, 'RequestTimeout', 'passing'],
    [400, 'BadDigest', 'passing'],
    [409, 'ConditionalRequestConflict', 'passing'],
    [200, 'SyntaxError', 'passing'],
    [501, 'NotImplemented', 'unsupported'],
    [412, 'PreconditionFailed', 'precondition'],
    [404, 'NoSuchKey', 'absent'],
    [404, 'NotFound', 'absent'],
    [404, 'NoSuchUpload', 'absent'],
    [404, 'NoSuchBucket', 'lasting'],
    [403, 'AccessDenied', 'lasting'],
    [400, 'InvalidRequest', 'lasting'],
    [301, 'PermanentRedirect', 'lasting'],
  ])('HTTP %i %s is %s', (status, name, kind) => {
    expect(faultOf(answer(status, name))?.kind).toBe(kind)
  })

  it.each(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'])('%s may pass', (code) => {
    expect(faultOf(Object.assign(new Error(code), { code }))).toMatchObject({
      kind: 'passing',
      code,
      status: null,
    })
  })

  it('is nothing where the failure is not of a request', () => {
    expect(faultOf(new TypeError('undefined is not a function'))).toBeNull()
    expect(faultOf('text')).toBeNull()
  })

  it('keeps nothing of what the answer quotes about keys', () => {
    const said = answer(403, 'SignatureDoesNotMatch', {
      AWSAccessKeyId: 'AKIAEXAMPLE',
      StringToSign: 'AWS4-HMAC-SHA256 AKIAEXAMPLE',
      message: 'not the signature of AKIAEXAMPLE',
    })
    expect(JSON.stringify(faultOf(said))).not.toContain('AKIAEXAMPLE')
  })
})
