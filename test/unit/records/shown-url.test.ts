import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { secretsOf, shownUrl, withoutSecrets, withoutValuesOf } from '../../../src/records/index.js'
import { runs } from '../../fixtures/runs.js'

describe('a URL that a person gave is shown', () => {
  it.each([
    // User and password, however they are written.
    ['https://ada:hunter2@example.org/a', 'https://***@example.org/a'],
    ['https://t0ken@example.org/', 'https://***@example.org/'],
    ['HTTP://ada:hunter2@example.org:8443', 'HTTP://***@example.org:8443'],
    ['ftp://ada:hunter2@example.org/', 'ftp://***@example.org/'],
    ['s3://AKIA:hunter2@bucket/key', 's3://***@bucket/key'],
    ['https:\\\\ada:hunter2@example.org\\a', 'https:\\\\***@example.org\\a'],
    ['ada:hunter2@example.org/list', '***@example.org/list'],
    ['redis://ada:hunter2@10.0.0.5:6379/0', 'redis://***@10.0.0.5:6379/0'],
    ['redis://:hunter2@10.0.0.5', 'redis://***@10.0.0.5'],
    ['rediss://:hun@ter2@10.0.0.5/3', 'rediss://***@10.0.0.5/3'],
    // A password that ends the host too soon.
    ['redis://:hun/ter2@10.0.0.5', 'redis://***'],
    ['redis://ada:12/ter2@10.0.0.5', 'redis://***'],
    ['redis://ada:12?ter2@10.0.0.5', 'redis://***'],
    ['https://ada:hun/ter2@example.org/', 'https://***'],
    ['https://ada:hun#ter2@example.org/', 'https://***'],
    // Values of the query, and the fragment.
    ['https://example.org/feed?token=hunter2&page=3', 'https://example.org/feed?token=***&page=***'],
    ['https://example.org/feed?hunter2', 'https://example.org/feed?***'],
    ['https://example.org/?a=1;b=hunter2?x=y', 'https://example.org/?a=***;b=***'],
    ['example.org/feed?token=hunter2', 'example.org/feed?token=***'],
    ['https://example.org/#access_token=hunter2', 'https://example.org/#***'],
    ['redis://h:6379/2?password=hunter2', 'redis://h:6379/2?password=***'],
    ['redis://h?prefix=birds&sentinelPassword=hunter2', 'redis://h?prefix=birds&sentinelPassword=***'],
    ['https://h/?prefix=hunter2', 'https://h/?prefix=***'],
    // Nothing to hide.
    ['https://example.org/@ada/1', 'https://example.org/@ada/1'],
    ['s3://bucket/a@b/c', 's3://bucket/a@b/c'],
    ['mailto:ada@example.org', 'mailto:ada@example.org'],
    ['not a url', 'not a url'],
    ['/lists/a?b=c#d.csv', '/lists/a?b=c#d.csv'],
    ['../lists/a?b', '../lists/a?b'],
    ['', ''],
  ])('%j as %j', (given, shown) => {
    expect(shownUrl(given)).toBe(shown)
    expect(shownUrl(shown)).toBe(shown)
    expect(withoutSecrets(shown)).toBe(shown)
  })

  it('never with its password or a value, whatever these are made of', () => {
    const secret = fc.string({ minLength: 1, maxLength: 12 }).map((text) => `§${text}§`)
    const place = fc.constantFrom('https://', 'redis://', 'rediss://', 'ftp://')
    fc.assert(
      fc.property(place, secret, secret, (scheme, password, value) => {
        const shown = shownUrl(
          `${scheme}ada:${encodeURIComponent(password)}@h.test/?a=${encodeURIComponent(value)}`,
        )
        expect(shown).toBe(`${scheme}***@h.test/?a=***`)
        expect(shownUrl(`redis://ada:${password}@h.test/0`)).not.toContain(password)
      }),
      { numRuns: runs.text },
    )
  })
})

describe('a text about anything', () => {
  it.each([
    ['--backend redis://:p@ss@h/0 is away', '--backend redis://***@h/0 is away'],
    ["got 'redis://h?password=x1y2&prefix=b'.", "got 'redis://h?password=***&prefix=b'."],
    [
      'GET https://b.test/o?X-Amz-Security-Token=ab/12==&partNumber=3',
      'GET https://b.test/o?X-Amz-Security-Token=***&partNumber=3',
    ],
    ['https://a.test/m?sv=2024&sig=Zx%3D lost', 'https://a.test/m?sv=2024&sig=*** lost'],
    [
      "'https://a.test/?key=AIza1', https://a.test/?access_token=q",
      "'https://a.test/?key=***', https://a.test/?access_token=***",
    ],
    ['https://a.test/page?id=1 mail me@a.test', 'https://a.test/page?id=1 mail me@a.test'],
    ['https://a.test/@ada?id=1', 'https://a.test/@ada?id=1'],
  ])('%j is told as %j', (text, told) => expect(withoutSecrets(text)).toBe(told))

  it('can be freed of what a URL holds where it stands alone', () => {
    const secrets = secretsOf('redis://ada:hun%21ter@h/0?prefix=birds&sentinelPassword=s3cret')
    expect(
      withoutValuesOf("unknown command 'AUTH', with args: 'hun!ter' birds hun%21ter s3cret", secrets),
    ).toBe("unknown command 'AUTH', with args: '***' birds *** ***")
    expect(secretsOf('/foo')).toEqual([])
  })
})
