import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { readArchive } from '../../../../../src/crawl/sources/archive/archive-records.js'
import { ByteWindow } from '../../../../../src/crawl/sources/archive/byte-window.js'
import { told } from '../../../../fixtures/crawl/sources/archive/reader.js'
import {
  members,
  page,
  pageRecord,
  record,
  requestRecord,
  response,
  wat,
} from '../../../../fixtures/crawl/sources/archive/warc-writer.js'

const works = (command: string, args: readonly string[]) => spawnSync(command, args).status === 0
/** Kept between runs, and never part of the repository. */
const venv = fileURLToPath(new URL('../../../../../.cache/python-warcio', import.meta.url))
const python = join(venv, 'bin', 'python')

/** Why Python's warcio cannot be had; null = it can. */
function whyNot(): string | null {
  const ready = () => works(python, ['-c', 'import warcio'])
  if (existsSync(python) && ready()) return null
  if (!works('python3', ['-m', 'venv', venv])) return 'python3 -m venv fails'
  const words = ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--timeout', '20', 'warcio']
  return spawnSync(python, words, { timeout: 120_000 }).status === 0 && ready()
    ? null
    : 'pip cannot install warcio'
}
const missing = whyNot()

const folder = mkdtempSync(join(tmpdir(), 'pairmill-warcio-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const listing = `
import sys, json
from warcio.archiveiterator import ArchiveIterator
with open(sys.argv[1], 'rb') as file:
    records = ArchiveIterator(file)
    for record in records:
        kind, length = record.rec_type, int(record.rec_headers.get_header('Content-Length'))
        body = record.content_stream().read()
        print(json.dumps([kind, records.get_record_offset(), length]))
`
const writing = `
import sys, gzip
from io import BytesIO
from warcio.warcwriter import WARCWriter
from warcio.statusandheaders import StatusAndHeaders
path, compressed = sys.argv[1], sys.argv[2] == 'gzip'
def chunked(data):
    return b''.join(b'%x\\r\\n%s\\r\\n' % (len(data[i:i + 9]), data[i:i + 9]) for i in range(0, len(data), 9)) + b'0\\r\\n\\r\\n'
with open(path, 'wb') as file:
    writer = WARCWriter(file, gzip=compressed)
    writer.write_record(writer.create_warcinfo_record('x.warc.gz', {'software': 'x'}))
    for n in range(1, 7):
        html = ('<!doctype html><title>%d</title><img src="http://img.test/%d.jpg" alt="Picture %d">' % (n, n, n)).encode()
        fields = [('Content-Type', 'text/html')]
        if n % 3 == 1:
            html, fields = gzip.compress(html), fields + [('Content-Encoding', 'gzip')]
        if n % 2 == 0:
            html, fields = chunked(html), fields + [('Transfer-Encoding', 'chunked')]
        http = StatusAndHeaders('200 OK', fields, protocol='HTTP/1.1')
        record = writer.create_warc_record('http://site.test/%d.html' % n, 'response', payload=BytesIO(html), http_headers=http)
        writer.write_record(record)
        writer.write_record(writer.create_revisit_record('http://site.test/r%d' % n, 'sha1:X', 'http://site.test/', '2024-01-01T00:00:00Z'))
`

describe.skipIf(missing !== null)(
  `archives as Python's warcio has them${missing === null ? '' : ` (skipped: ${missing})`}`,
  { timeout: 120_000 },
  () => {
    it('have the same records at the same places', async () => {
      const records = [
        record({ type: 'warcinfo', url: null, contentType: 'application/warc-fields', block: 'a: b' }),
        ...[1, 2, 3].flatMap((n) => [requestRecord(n), pageRecord(n)]),
        record({ block: response(page(4).repeat(9_000)) }),
        wat({ links: [] }),
      ]
      for (const bytes of [members(...records), Buffer.concat(records)]) {
        const path = join(folder, 'ours.warc.gz')
        writeFileSync(path, bytes)
        const ran = spawnSync(python, ['-c', listing, path], { encoding: 'utf8' })
        expect(ran.stderr).toBe('')
        const theirs = ran.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown)
        const ours: unknown[] = []
        async function* whole(offset: number) {
          yield bytes.subarray(offset)
        }
        const rules = { wants: () => true, maxBytes: 1_000_000 }
        for await (const { offset, read } of readArchive(new ByteWindow(whole, 0), 0, rules)) {
          ours.push(read.kind === 'record' ? [read.head.type, offset, read.head.length] : read)
        }
        expect(ours).toEqual(theirs)
      }
    })

    it('that it wrote give every page', async () => {
      for (const how of ['gzip', 'plain']) {
        const path = join(folder, `theirs-${how}`)
        const ran = spawnSync(python, ['-c', writing, path, how], { encoding: 'utf8' })
        expect(ran.stderr).toBe('')
        const { images, counters, skipped } = await told(readFileSync(path))
        expect(images).toEqual([1, 2, 3, 4, 5, 6].map((n) => `http://img.test/${n}.jpg`))
        expect(counters).toMatchObject({ archive_pages: 6, 'record_skipped:revisit': 6 })
        expect(skipped).toEqual([])
      }
    })
  },
)
