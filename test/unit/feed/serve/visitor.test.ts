import { describe, expect, it } from 'vitest'
import { visitorProblem } from '../../../../src/feed/serve/visitor.js'

describe('a visitor', () => {
  it('is served by a name of this machine', () => {
    for (const host of ['127.0.0.1:80', 'localhost', 'LOCALHOST:8000', '[::1]:1', '127.1.2.3:9'])
      expect(visitorProblem({ host })).toBe(null)
    expect(visitorProblem({ host: 'localhost', 'sec-fetch-site': 'none' })).toBe(null)
  })

  it('is not served by a name that leads here, nor where the page of a site asks', () => {
    const others = ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', '10.0.0.1', '']
    for (const host of others) expect(visitorProblem({ host })?.status).toBe(403)
    expect(visitorProblem({})?.status).toBe(403)
    expect(visitorProblem({ host: 'localhost', origin: 'https://evil.example' })?.status).toBe(403)
    expect(visitorProblem({ host: 'localhost', 'sec-fetch-site': 'cross-site' })?.status).toBe(403)
  })
})
