import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isFolder } from '../../../src/cli/process.js'
import { findArchives } from '../../../src/cli/warc.js'

const cwd = mkdtempSync(join(tmpdir(), 'pairmill-warc-'))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))
const found = (paths: readonly string[], base: string | null = null) =>
  findArchives({ paths, base }, { cwd, isFolder })

describe('the archives of a command line', () => {
  it('are its files, those of its folders in order, and its URLs, each once', () => {
    mkdirSync(join(cwd, 'crawl'))
    const hidden = ['._b.warc.gz', '.warc']
    for (const name of ['b.warc.gz', 'a.WAT.gz', 'c.warc', 'warc.paths.gz', 'notes.txt', ...hidden]) {
      writeFileSync(join(cwd, 'crawl', name), '')
    }
    const url = 'https://data.commoncrawl.org/crawl-data/CC-MAIN-2024-10/wat.paths.gz'
    const { sources, problems } = found(['crawl', 'crawl/b.warc.gz', url, 's3://bucket/a/b.warc.gz'])
    expect(problems).toEqual([])
    expect(sources).toEqual(
      [
        ...['a.WAT.gz', 'b.warc.gz', 'c.warc'].map((name) => join(cwd, 'crawl', name)),
        url,
        's3://bucket/a/b.warc.gz',
      ].map((place) => ({ kind: 'archive', place, base: null })),
    )
  })

  it('in a folder are those too that are not read, so that each is refused by its name', () => {
    mkdirSync(join(cwd, 'packed'))
    for (const name of ['a.wacz', 'b.warc.zst', 'c.warc.gz']) writeFileSync(join(cwd, 'packed', name), '')
    expect(found(['packed']).sources.map(({ place }) => place)).toEqual(
      ['a.wacz', 'b.warc.zst', 'c.warc.gz'].map((name) => join(cwd, 'packed', name)),
    )
  })

  it('have a base that ends where paths begin', () => {
    const bases = ['https://h.test/x', 'https://h.test/x/', 's3://bucket', 'mirror']
    expect(bases.map((base) => found(['a'], base).sources[0]?.base)).toEqual([
      'https://h.test/x/',
      'https://h.test/x/',
      's3://bucket/',
      `${join(cwd, 'mirror')}/`,
    ])
  })

  it('are refused all at once where they cannot be any', () => {
    mkdirSync(join(cwd, 'empty'))
    expect(found(['empty', 'ftp://h/x', 's3://', 'http://['], 'gs://x').problems).toEqual([
      expect.stringMatching(/^--base: expected a folder, or a URL/),
      'empty: no file in this folder ends in .warc, .wat (or .gz behind it)',
      expect.stringMatching(/^ftp:\/\/h\/x: expected a file, a folder, or a URL/),
      expect.stringContaining("expected s3://BUCKET/KEY, got 's3://'"),
      'http://[: this is no URL',
    ])
  })
})
