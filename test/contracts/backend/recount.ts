import type { Progress } from '../../../src/backend/backend.js'
import type { Database } from '../../../src/backend/pglite/database.js'

/** The sums that the run's row keeps, counted anew from the tables. */
export async function recount(db: Database, run: string): Promise<Partial<Progress>> {
  const { rows } = await db.query(
    `select
      (select count(*)::int from pairmill.url u where u.run = r.no) as urls,
      (select coalesce(sum(h.urls), 0)::int from pairmill.run_host h where h.run = r.no) as "urlsOfHosts",
      (select coalesce(sum(h.pages), 0)::int from pairmill.run_host h where h.run = r.no) as pages,
      (select count(*)::int from pairmill.url u where u.run = r.no and u.leased) as "pagesLeased",
      (select coalesce(sum(h.lease_urls), 0)::int from pairmill.host h where h.lease_run = r.no) as "urlsOfLeases",
      (select count(*)::int from pairmill.candidate c where c.run = r.no and c.batch is null)
        + (select coalesce(sum(array_length(string_to_array(c.body, E'\\n'), 1) - 1), 0)::int
          from pairmill.reject_chunk c where c.run = r.no and c.batch is null) as buffered,
      r.rejects::int - (select coalesce(sum(array_length(string_to_array(c.body, E'\\n'), 1) - 1), 0)::int
        from pairmill.reject_chunk c where c.run = r.no) as strange,
      (select count(*)::int from pairmill.batch b where b.run = r.no and b.state = 'open') as "batchesOpen",
      (select count(*)::int from pairmill.batch b where b.run = r.no and b.lease_token is not null) as "batchesLeased",
      (select coalesce(sum(b.kept), 0)::int from pairmill.batch b where b.run = r.no and b.state <> 'open') as kept,
      (select coalesce(sum(b.kept), 0)::int from pairmill.batch b where b.run = r.no and b.state = 'done') as "unplannedKept",
      (select coalesce(sum(b.rows), 0)::int from pairmill.batch b where b.run = r.no and b.state = 'done') as "unplannedRows",
      (select count(*)::int from pairmill.plan p where p.run = r.no and p.state = 'open') as "plansOpen",
      (select coalesce(sum(jsonb_array_length(coalesce(c.body::jsonb->'rows', c.body::jsonb->'urls'))), 0)::int
        from pairmill.page_chunk c where c.run = r.no) as "pageRows",
      (select coalesce(sum((p.body->>'shards')::int), 0)::int from pairmill.plan p where p.run = r.no) as "nextShard"
    from pairmill.run r where r.name = $1`,
    [run],
  )
  const { strange, urlsOfHosts, urlsOfLeases, ...sums } = rows[0] as Progress & {
    strange: number
    urlsOfHosts: number
    urlsOfLeases: number
  }
  if (strange !== 0) throw new Error(`the run has ${strange} rejects too many`)
  if (urlsOfHosts !== sums.urls) throw new Error(`hosts have ${urlsOfHosts} URLs, the run ${sums.urls}`)
  if (urlsOfLeases !== sums.pagesLeased)
    throw new Error(`leases have ${urlsOfLeases} URLs, the run ${sums.pagesLeased}`)
  return sums
}
