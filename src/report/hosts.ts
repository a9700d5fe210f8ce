import { type Ask, numberIn, numberOrNull, textIn } from './ask.js'
import type { HostFact, HostFacts, RefusalFact } from './page-data.js'

const mostHosts = 60
const reasonsOfHost = 2
const mostRules = 40

/** Host of a candidate: of its page, or of its picture where no page is named. */
const host = 'coalesce(page_host, image_host)'

const hostsSql = `with given as (
    select ${host} as host, count(*) as candidates, count(*) filter (error_message is null) as kept,
      round(avg(try_cast(round(clip_score * 1e9) as bigint)) filter (error_message is null) / 1e9, 4) as score
    from candidates where ${host} is not null group by 1),
  visited as (select host, count(*) filter (outcome = 'read') as pages from pages group by 1)
  select left(coalesce(given.host, visited.host), 260) as host, coalesce(pages, 0) as pages, coalesce(candidates, 0) as candidates,
    coalesce(kept, 0) as kept, score, count(candidates) over () as total
  from given full join visited on given.host = visited.host
  order by 3 desc, 2 desc, 1 limit ${mostHosts}`

const reasonsSql = `select ${host} as host, error_message as name, count(*) as count from rejected
  where list_contains(?, ${host}) group by 1, 2 order by 1, 3 desc, 2`

export async function readHosts(ask: Ask, isRefused: (host: string) => boolean): Promise<HostFacts> {
  const rows = await ask('hosts', hostsSql)
  const names = rows.map((row) => textIn(row.host))
  const reasons = await ask('hosts', reasonsSql, [names])
  const facts = rows.map((row): HostFact => {
    const name = textIn(row.host)
    const own = reasons.filter((one) => textIn(one.host) === name).slice(0, reasonsOfHost)
    return {
      host: name,
      pages: numberIn(row.pages),
      candidates: numberIn(row.candidates),
      kept: numberIn(row.kept),
      meanScore: numberOrNull(row.score),
      reasons: own.map((one) => ({ name: textIn(one.name), count: numberIn(one.count) })),
    }
  })
  return {
    total: numberIn(rows[0]?.total),
    rows: facts.filter((fact) => !isRefused(fact.host)),
  }
}

const refusalsSql = `select * from (
    select 'page' as what, coalesce(rule, reason, 'unknown') as rule, count(*) as count, count(distinct host) as hosts, min(left(url, 2000)) as example
      from pages where outcome = 'refused' group by 2
    union all
    select 'images', images_rule, count(*), count(distinct host), min(left(url, 2000))
      from pages where images_rule is not null group by 2
    union all
    select 'image', coalesce(permission.rule, error_message), count(*), count(distinct image_host), min(left(url, 2000))
      from rejected where list_contains(?, error_message) group by 2)
  order by count desc, what, rule limit ${mostRules}`

/** Reasons by which somebody said no. */
const refusingReasons = [
  'robots',
  'robots_unreachable',
  'opt_out',
  'opt_out_unreachable',
  'listed',
  'address_refused',
]

export async function readRefusals(
  ask: Ask,
  isRefused: (url: string) => boolean,
): Promise<readonly RefusalFact[]> {
  const rows = await ask('refusals', refusalsSql, [refusingReasons])
  return rows.map((row) => {
    const example = textIn(row.example)
    return {
      what: textIn(row.what) as RefusalFact['what'],
      rule: textIn(row.rule).slice(0, 300),
      count: numberIn(row.count),
      hosts: numberIn(row.hosts),
      example: isRefused(example) ? '' : example,
    }
  })
}
