import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, textOf } from '../../fixtures/infra/manifests.js'

describe('the Dockerfile', () => {
  const lines = textOf('infra/Dockerfile').replaceAll('\\\n', ' ').split('\n')
  const copied = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(/\s+/).slice(1, -1))

  test('copies what is there, and what .dockerignore lets through', () => {
    const let_through = textOf('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    expect(copied.length).toBeGreaterThan(8)
    for (const path of copied) {
      expect(existsSync(join(root, path)), path).toBe(true)
      expect(
        let_through.some((open) => path === open || path.startsWith(`${open}/`)),
        path,
      ).toBe(true)
    }
  })

  test('copies every folder that the program reads at run time beside dist', () => {
    const { imports } = JSON.parse(textOf('package.json')) as { imports: Record<string, string> }
    const read = Object.values(imports).map((path) => path.replace(/^\.\//, '').replace(/\/\*$/, ''))
    for (const path of read.filter((path) => path !== 'dist')) {
      expect(lines).toContain(`COPY ${path} ./${path}`)
    }
  })

  test('ends as a user that is not root, under an init process', () => {
    expect(lines.filter((line) => line.startsWith('USER ')).at(-1)).toBe('USER 1000:1000')
    expect(lines).toContain('ENTRYPOINT ["tini", "--", "pairmill"]')
  })

  test('is for a Node that package.json allows', () => {
    const [, major] = /^ARG NODE_IMAGE=node:(\d+)-/m.exec(textOf('infra/Dockerfile'))!
    const { engines } = JSON.parse(textOf('package.json')) as { engines: { node: string } }
    expect(Number(major)).toBeGreaterThanOrEqual(Number.parseInt(engines.node.replace('>=', ''), 10))
  })
})
