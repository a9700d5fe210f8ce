import { gzipSync } from 'node:zlib'

export interface RecordParts {
  readonly type?: string
  readonly url?: string | null
  readonly date?: string | null
  readonly contentType?: string | null
  readonly fields?: Readonly<Record<string, string>>
  readonly block?: string | Buffer
  /** What the header says; absent = the truth. */
  readonly length?: number | string
  readonly version?: string
  readonly trailer?: string
}

export const archiveDate = '2024-02-03T04:05:06Z'

/** One WARC record, whole or broken as asked. */
export function record(parts: RecordParts = {}): Buffer {
  const {
    type = 'response',
    url = 'http://site.test/page.html',
    date = archiveDate,
    contentType = type === 'response' ? 'application/http; msgtype=response' : null,
    fields = {},
    block = '',
    version = 'WARC/1.0',
    trailer = '\r\n\r\n',
  } = parts
  const bytes = Buffer.from(block)
  const lines = [
    version,
    `WARC-Type: ${type}`,
    ...(url === null ? [] : [`WARC-Target-URI: ${url}`]),
    ...(date === null ? [] : [`WARC-Date: ${date}`]),
    ...(contentType === null ? [] : [`Content-Type: ${contentType}`]),
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${parts.length ?? bytes.length}`,
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes, Buffer.from(trailer)])
}

/** An HTTP response as a block. */
export function response(
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
  status = '200 OK',
): Buffer {
  const all = { 'Content-Type': 'text/html; charset=utf-8', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n`),
    Buffer.from(body),
  ])
}

export const pictureOf = (n: number): string => `<img src="http://img.test/${n}.jpg" alt="Picture ${n}">`
/** The page of a number: one picture. */
export const page = (n: number): string => `<!doctype html><title>${n}</title>${pictureOf(n)}`
export const pageRecord = (n: number, parts: RecordParts = {}): Buffer =>
  record({ url: `http://site.test/${n}.html`, block: response(page(n)), ...parts })

/** A record that Common Crawl writes beside a page, and that says nothing here. */
export const requestRecord = (n: number): Buffer =>
  record({ type: 'request', url: `http://site.test/${n}.html`, block: 'GET / HTTP/1.1\r\n\r\n' })

/** A gzip member of its own for each. */
export const members = (...records: readonly Buffer[]): Buffer =>
  Buffer.concat(records.map((one) => gzipSync(one)))

export interface WatParts {
  readonly type?: string
  readonly url?: string
  readonly status?: string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly head?: unknown
  readonly links?: unknown
  readonly warc?: Readonly<Record<string, unknown>>
}

/** What Common Crawl's extractor writes of one response. */
export function wat(parts: WatParts): Buffer {
  const { type = 'response', url = 'http://site.test/dir/page.html', status = '200' } = parts
  const envelope = {
    Container: { Filename: 'x.warc.gz', Compressed: true, Offset: '0' },
    Envelope: {
      Format: 'WARC',
      'WARC-Header-Metadata': {
        'WARC-Type': type,
        'WARC-Target-URI': url,
        'WARC-Date': archiveDate,
        ...parts.warc,
      },
      'Payload-Metadata': {
        'Actual-Content-Type': 'application/http; msgtype=response',
        'HTTP-Response-Metadata': {
          'Response-Message': { Status: status, Version: 'HTTP/1.1', Reason: 'OK' },
          Headers: { 'Content-Type': 'text/html', ...parts.headers },
          'HTML-Metadata': { Head: parts.head ?? {}, Links: parts.links ?? [] },
        },
      },
    },
  }
  return record({ type: 'metadata', url, contentType: 'application/json', block: JSON.stringify(envelope) })
}
