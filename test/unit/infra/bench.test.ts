import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { skipReason, unmeasured } from '../../../bench/results.js'
import { root, textOf } from '../../fixtures/infra/manifests.js'

const files = readdirSync(join(root, 'bench'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.(js|py)$/.test(file),
)
const sections = [...textOf('bench/run.js').matchAll(/: '\.\/(.*)\.js',$/gm)].map(([, file = '']) => file)

describe('bench', () => {
  test('reads no folder beside the clone', () => {
    expect(files.length).toBeGreaterThan(30)
    for (const file of files) {
      const up = file.includes('/') ? '../../../' : '../../'
      expect(textOf(join('bench', file)).includes(up), file).toBe(false)
    }
  })

  test('says of every section what it needs beside the clone', () => {
    expect(sections.length).toBeGreaterThan(15)
    for (const section of sections) {
      expect(textOf(`bench/${section}.js`), section).toMatch(/^export const needs = (null|['"].+['"])$/m)
    }
  })
})

describe('a section', () => {
  const line = {
    what: 'pages',
    pairmill: '7 pages/s',
    other: '5 pages/s',
    ratio: 1.4,
    aim: 'none',
    met: null,
  }

  test('is skipped, with its reason, where nothing of it was measured', () => {
    const missing = unmeasured('upload', 'none', 'python3-swift is not installed')
    expect(skipReason({ lines: [missing], notes: [] })).toBe('python3-swift is not installed')
    expect(skipReason({ lines: [], notes: ['A site.', 'Not measured: there is no redis-server.'] })).toBe(
      'Not measured: there is no redis-server.',
    )
  })

  test('is recorded where a part of it was measured', () => {
    expect(skipReason({ lines: [unmeasured('upload', 'none', 'gone'), line], notes: [] })).toBeNull()
  })
})
