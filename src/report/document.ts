import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { PageData, ReportData } from './page-data.js'

/** Code and style of the page, as they were built. */
export interface PageParts {
  readonly script: string
  readonly style: string
}

/** They were bundled when this was built, and lie beside it. */
export async function readPageParts(): Promise<PageParts> {
  const folder = dirname(createRequire(import.meta.url).resolve('#threads/report/page.js'))
  const [script, style] = await Promise.all(
    ['page.js', 'page.css'].map((name) => readFile(join(folder, name), 'utf8')),
  )
  return { script: script ?? '', style: style ?? '' }
}

/** Content security policy of the page: nothing runs but its own script, and nothing is loaded. Pure. */
export function policyOf({ script, style }: PageParts, more: readonly string[] = []): string {
  return [
    "default-src 'none'",
    `script-src '${digestOf(script)}'`,
    `style-src '${digestOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    ...more,
  ].join('; ')
}

/** As a policy names a text between tags. Pure. */
const digestOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`

/** First bytes of every report, by which one is known. */
export const documentMark = '<!doctype html>\n<!-- pairmill report -->\n'

/** `begin`: at least as many bytes of a file as the mark has, where it has them. Pure. */
export function isReport(begin: Uint8Array): boolean {
  const mark = Buffer.from(documentMark)
  return mark.equals(begin.subarray(0, mark.length))
}

/** `policy` null = who serves it says it in a header. Pure. */
export function htmlDocument(data: PageData, parts: PageParts, policy: string | null): string {
  const meta =
    policy === null ? '' : `<meta http-equiv="Content-Security-Policy" content="${escapedHtml(policy)}">\n`
  const name = data.report === null ? '' : ` of ${data.report.dataset.place}`
  return `${documentMark}<html lang="en">
<head>
<meta charset="utf-8">
${meta}<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapedHtml(`pairmill report${name}`)}</title>
<link rel="icon" href="data:,">
<style>${parts.style}</style>
</head>
<body>
<div id="page"><noscript>This page needs JavaScript. It loads nothing.</noscript></div>
<script type="application/json" id="data">${jsonInHtml(data)}</script>
<script>${parts.script}</script>
</body>
</html>
`
}

/** A report as one file. */
export async function reportDocument(report: ReportData): Promise<string> {
  const parts = await readPageParts()
  return htmlDocument({ report, explorer: null }, parts, policyOf(parts))
}

/** JSON that no tag and no comment can begin in. Pure. */
export function jsonInHtml(data: unknown): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c')
}

/** A text as HTML has it, between tags and between quotes; what has no look of its own becomes a blank. Pure. */
export function escapedHtml(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Surrogate}\u2028\u2029]/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
