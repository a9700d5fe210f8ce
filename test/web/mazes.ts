import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Behaviour } from './mischief.js'

function html(response: ServerResponse, title: string, links: readonly string[]): void {
  const list = links.map((link) => `<li><a href="${link}">${link}</a>`).join('')
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
  response.end(`<!doctype html><title>${title}</title><ul>${list}</ul>`)
}

const digestOf = (text = ''): string => createHash('md5').update(text).digest('hex')

/** Sites without an end: whoever follows every link never comes back. */
export const mazes: Record<string, Behaviour> = {
  /** /maze-relative/...: every page links to itself and one deeper, by relative links. */
  'maze-relative': ({ response, request }) =>
    html(response, `Level ${digestOf(request.url)}`, ['news/', 'sport/']),

  /** /maze-month/:year/:month: the months before and after. */
  'maze-month': ({ response, args }) => {
    const month = Number(args[0] ?? 2026) * 12 + Number(args[1] ?? 1) - 1
    const of = (n: number) => `/maze-month/${Math.floor(n / 12)}/${String((n % 12) + 1).padStart(2, '0')}`
    html(response, `Month ${month}`, [of(month - 1), of(month + 1)])
  },

  /** /maze-session?page=0: five pages, each link with a session of its own. */
  'maze-session': ({ response, request, url }) => {
    const id = digestOf(request.url)
    const page = Number(url.searchParams.get('page') ?? 0)
    const links = [1, 2, 3, 4].map((step) => `/maze-session?page=${(page + step) % 5}&amp;PHPSESSID=${id}`)
    html(response, `Page ${page}`, links)
  },

  /** /maze-filters: every page offers to add each of its filters to those chosen already. */
  'maze-filters': ({ response, url }) => {
    const chosen = url.search === '' ? [] : url.search.slice(1).split('&')
    const next = `f${chosen.length}`
    html(
      response,
      `With ${chosen.length}`,
      [1, 2].map((v) => `?${[...chosen, `${next}=${v}`].join('&amp;')}`),
    )
  },

  /** /maze-soft404/...: the same friendly page for whatever is asked for, with links that lead on. */
  'maze-soft404': ({ response }) => html(response, 'Sorry', ['more/', 'help/', 'contact/']),

  /** /maze-refresh?n=0: sends its visitors to the next number. */
  'maze-refresh': ({ response, url }) => {
    const next = Number(url.searchParams.get('n') ?? 0) + 1
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(`<meta http-equiv=refresh content="0; url=/maze-refresh?n=${next}"><p>One moment.`)
  },
}
