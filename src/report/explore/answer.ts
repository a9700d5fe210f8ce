import type { ServerResponse } from 'node:http'

/** What a request is answered with. */
export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly value: unknown }
  | { readonly kind: 'bytes'; readonly type: string; readonly bytes: Uint8Array }
  | { readonly kind: 'page'; readonly html: string; readonly policy: string }
  | { readonly kind: 'file'; readonly name: string; readonly text: string }

export const json = (value: unknown, status = 200): Answer => ({ kind: 'json', status, value })

export const problem = (status: number, text: string): Answer => json({ problem: text }, status)

/** Nothing of an answer is kept by anybody, guessed at, framed, or told to whom a link leads. */
const always = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
} as const

/** What is no page may do nothing, also where it is opened as one. */
const inert = "default-src 'none'; frame-ancestors 'none'; sandbox"

/** `isHead`: without its body. */
export function send(response: ServerResponse, answer: Answer, isHead: boolean): void {
  const [type, body, more, status] = parts(answer)
  response.writeHead(status, {
    ...always,
    'content-security-policy': inert,
    'content-type': type,
    'content-length': body.length,
    ...more,
  })
  response.end(isHead ? undefined : body)
}

function parts(answer: Answer): [string, Uint8Array, Readonly<Record<string, string>>, number] {
  switch (answer.kind) {
    case 'json':
      // A number beyond what JSON reads exactly is a text.
      return [
        'application/json; charset=utf-8',
        Buffer.from(
          JSON.stringify(answer.value, (_, part: unknown) =>
            typeof part === 'bigint' ? String(part) : part,
          ),
        ),
        {},
        answer.status,
      ]
    case 'bytes':
      return [answer.type, answer.bytes, {}, 200]
    case 'page':
      return [
        'text/html; charset=utf-8',
        Buffer.from(answer.html),
        { 'content-security-policy': answer.policy },
        200,
      ]
    case 'file':
      return [
        'text/plain; charset=utf-8',
        Buffer.from(answer.text),
        { 'content-disposition': `attachment; filename="${answer.name}"` },
        200,
      ]
  }
}
