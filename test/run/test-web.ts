import { type Mischief, type OwnPage, startMischief } from '../web/mischief.js'

/** What one URL answers; `before` = how often it was asked for already. */
export type Answer = OwnPage | ((before: number) => OwnPage)

export interface TestWeb extends Mischief {
  /** `url` without its scheme: `host/path`. */
  serve(url: string, answer: Answer): void
  /** A page of links and images; relative URLs as they stand. */
  page(url: string, content: { links?: readonly string[]; images?: readonly Shown[]; head?: string }): void
  picture(url: string, bytes: Uint8Array): void
  /** What the host answers for every path that it does not serve otherwise. */
  otherwise(host: string, answer: (path: string) => OwnPage): void
  /** Calls `listener` at each request that comes, before it is answered, until the answer is called. */
  onRequest(listener: (host: string, path: string) => void): () => void
  /** Requests that came to a host, in order. */
  seenAt(host: string): Mischief['seen']
  /** The words that bring the program to this web, whatever host a URL names. */
  readonly words: readonly string[]
}

export interface Shown {
  readonly src: string
  /** null = the attribute is absent. */
  readonly alt: string | null
}

export async function startTestWeb(): Promise<TestWeb> {
  const answers = new Map<string, { answer: Answer; asked: number }>()
  const others = new Map<string, (path: string) => OwnPage>()
  const listeners = new Set<(host: string, path: string) => void>()
  const web = await startMischief({
    pages: (host, path) => {
      for (const listener of listeners) listener(host, path)
      const known = answers.get(host + path)
      if (known === undefined) return others.get(host)?.(path)
      const { answer } = known
      return typeof answer === 'function' ? answer(known.asked++) : answer
    },
  })
  const serve: TestWeb['serve'] = (url, answer) => void answers.set(url, { answer, asked: 0 })
  return {
    ...web,
    serve,
    page: (url, { links = [], images = [], head = '' }) => serve(url, html(links, images, head)),
    picture: (url, bytes) => serve(url, { headers: { 'content-type': 'image/jpeg' }, body: bytes }),
    otherwise: (host, answer) => void others.set(host, answer),
    onRequest: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    seenAt: (host) => web.seen.filter((one) => one.host === host),
    words: ['--connect-to', `::127.0.0.1:${web.port}`, '--allow-private', '127.0.0.0/8'],
  }
}

function html(links: readonly string[], images: readonly Shown[], head: string): string {
  return [
    `<!doctype html><html lang="en"><head><title>Test</title>${head}</head><body>`,
    ...links.map((href) => `<a href="${escaped(href)}">on</a>`),
    ...images.map(({ src, alt }) =>
      alt === null ? `<img src="${escaped(src)}">` : `<img src="${escaped(src)}" alt="${escaped(alt)}">`,
    ),
    '</body></html>',
  ].join('\n')
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
