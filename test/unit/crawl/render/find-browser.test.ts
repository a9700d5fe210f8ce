import { describe, expect, it } from 'vitest'
import { findBrowser } from '../../../../src/crawl/render/find-browser.js'

const found = (there: readonly string[], path = '/opt/bin:/usr/bin', named: string | null = null) =>
  findBrowser({ path, named }, (file) => there.includes(file))

describe('a browser', () => {
  it('is found by the names that it has, first where commands are looked for', () => {
    expect(found(['/usr/bin/chromium'])).toBe('/usr/bin/chromium')
    expect(found(['/usr/bin/chromium', '/opt/bin/google-chrome'])).toBe('/opt/bin/google-chrome')
    expect(found(['/usr/bin/google-chrome', '/usr/bin/chromium-browser'])).toBe('/usr/bin/chromium-browser')
  })

  it('is found where it usually is, whatever PATH says', () => {
    expect(found(['/usr/bin/chromium'], '')).toBe('/usr/bin/chromium')
    expect(found(['/snap/bin/chromium'], '')).toBe('/snap/bin/chromium')
    expect(found(['bin/chromium'], 'bin')).toBeNull()
  })

  it('is the one that was named, or none', () => {
    expect(found(['/usr/bin/chromium', '/my/chrome'], '', '/my/chrome')).toBe('/my/chrome')
    expect(found(['/usr/bin/chromium'], '', '/my/chrome')).toBeNull()
  })

  it('is none where there is none', () => {
    expect(found([])).toBeNull()
  })
})
