import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Behaviour } from './mischief.js'

function html(response: ServerResponse, title: string, links: readonly string[]): void {
  const list = links.map((link) => `<li><a href="${link}">${link}</a>`).join('')
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
  response.end(`<!doctype html><title>${title}</title><ul>${list}</ul>`)
}

const digestOf = (text = ''): string => createHash('md5').update(text).digest('hex')

/** A month is counted from the year 0. */
const yearOf = (month: number): number => Math.floor(month / 12)
const monthOf = (month: number): number => (month % 12) + 1
const two = (n: number): string => String(n).padStart(2, '0')

/** Sites without an end: whoever follows every link never comes back. */
export const mazes: Record<string, Behaviour> = {
  /** /maze-relative/...: every page links to itself and one deeper, by relative links. */
  'maze-relative': ({ response, request }) =>
    html(response, `Level ${digestOf(request.url)}`, ['news/', 'sport/']),

  /** /maze-month/:year/:month: the months before and after. */
  'maze-month': ({ response, args }) => {
    const of = (n: number) => `/maze-month/${yearOf(n)}/${two(monthOf(n))}`
    const month = Number(args[0] ?? 2026) * 12 + Number(args[1] ?? 1) - 1
    html(response, `Month ${month}`, [of(month - 1), of(month + 1)])
  },

  /** /maze-month-query?y=2031&m=5: the same, in the query. */
  'maze-month-query': ({ response, url }) => {
    const of = (n: number) => `/maze-month-query?y=${yearOf(n)}&amp;m=${monthOf(n)}`
    const month = Number(url.searchParams.get('y')) * 12 + Number(url.searchParams.get('m')) - 1
    html(response, `Month ${month}`, [of(month - 1), of(month + 1)])
  },

  /** /maze-day/2026-05-17: the days before and after, and the same day a year before and after. */
  'maze-day': ({ response, args }) => {
    const [year = 2026, month = 1, day = 1] = (args[0] ?? '').split('-').map(Number)
    const of = (years: number, days: number) =>
      `/maze-day/${new Date(Date.UTC(year + years, month - 1, day + days)).toISOString().slice(0, 10)}`
    html(response, `Day ${args[0]}`, [of(0, -1), of(0, 1), of(-1, 0), of(1, 0)])
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
