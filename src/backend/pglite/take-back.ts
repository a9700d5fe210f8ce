import type { Candidate, PageRow, TextReject } from '../../records/index.js'
import { packPages, unpackPages } from '../page-chunk.js'
import { packFound, unpackRejects } from '../reject-chunk.js'
import type { Database } from './database.js'

/** What is to leave the state of a run. All are pure. */
export interface TakeBackRule {
  /** Whether a host goes, with or without its port. */
  takesHost(host: string): boolean
  /** Whether a URL goes, by itself or with its host. */
  takesUrl(url: string): boolean
  /** Whether a short text names something that goes. */
  names(text: string): boolean
}

/** What left it, or would. */
export interface TakenBack {
  /** Pages that waited. */
  readonly urls: number
  /** Candidates that waited to be judged, or for their row. */
  readonly candidates: number
  /** Rows of the page ledger that waited for their file. */
  readonly pages: number
}

const sliceRows = 1_000

/**
 * Takes hosts, URLs and candidates out of a folder's database, with every text that names them; hashes by which it knows that a URL or a candidate was there
 * stay, so that none enters again. Only while nobody holds a lease. Each statement keeps the sums beside it in step, so that where this is broken off
 * the same call ends it.
 */
export async function takeBack(database: Database, rule: TakeBackRule): Promise<TakenBack> {
  const urls = await takeUrls(database, rule)
  await takeHosts(database, rule)
  const candidates = await takeCandidates(database, rule)
  const rejects = await takeRejects(database, rule)
  await database.query(`with gone as (
      delete from pairmill.batch b where state = 'open' and rows = 0
        and not exists (select 1 from pairmill.candidate c where c.run = b.run and c.batch = b.id) returning run)
    update pairmill.run set batches_open = batches_open - n from (select run, count(*) as n from gone group by run) g where no = g.run`)
  const pages = await takePages(database, rule)
  await takeNotes(database, rule)
  return { urls, candidates: candidates + rejects, pages }
}

/**
 * Writes every table anew without what was deleted. Statistics go whole, and are made anew: those of a table that is empty now would stay as they
 * were. The write-ahead log keeps what it has until it is used again.
 */
export async function compact(database: Database): Promise<void> {
  const statistics = 'pg_catalog.pg_statistic'
  for (const statement of [
    'vacuum full',
    `delete from ${statistics}`,
    'analyze',
    `vacuum full ${statistics}`,
    'checkpoint',
  ]) {
    await database.query(statement)
  }
}

async function takeUrls(database: Database, rule: TakeBackRule): Promise<number> {
  let taken = 0
  for await (const rows of slices<{ id: string; url: string }>(database, 'url', 'id, url')) {
    const gone = rows.filter(({ url }) => rule.takesUrl(url)).map(({ id }) => id)
    if (gone.length === 0) continue
    await database.query(
      `with gone as (delete from pairmill.url where id = any($1::bigint[]) returning run, host),
        hosts as (update pairmill.run_host h set urls = urls - n from (select run, host, count(*)::int as n from gone group by run, host) g
          where h.run = g.run and h.host = g.host)
      update pairmill.run set urls = urls - n from (select run, count(*) as n from gone group by run) g where no = g.run`,
      [gone],
    )
    taken += gone.length
  }
  return taken
}

/** What is known of hosts beside the run, too: it is asked for anew where they are met again. */
async function takeHosts(database: Database, rule: TakeBackRule): Promise<void> {
  const { rows } = await database.query(
    'select host from pairmill.host union select host from pairmill.run_host',
  )
  const hosts = (rows as { host: string }[]).map(({ host }) => host).filter((host) => rule.takesHost(host))
  if (hosts.length > 0) {
    for (const table of ['run_host', 'host'])
      await database.query(`delete from pairmill.${table} where host = any($1::text[])`, [hosts])
  }
  const records = await database.query('select origin, record::text as record from pairmill.robots')
  const origins = (records.rows as { origin: string; record: string | null }[])
    .filter(({ origin, record }) => rule.names(origin) || (record !== null && rule.names(record)))
    .map(({ origin }) => origin)
  if (origins.length > 0)
    await database.query('delete from pairmill.robots where origin = any($1::text[])', [origins])
}

async function takeCandidates(database: Database, rule: TakeBackRule): Promise<number> {
  let taken = 0
  for await (const rows of slices<{ id: string; body: Candidate }>(database, 'candidate', 'id, body')) {
    const gone: string[] = []
    for (const { id, body } of rows) {
      const left = candidateLeft(body, rule)
      if (left === null) gone.push(id)
      else if (left !== body)
        await database.query('update pairmill.candidate set body = $2::jsonb where id = $1::bigint', [
          id,
          JSON.stringify(left),
        ])
    }
    if (gone.length === 0) continue
    await database.query(
      `with gone as (delete from pairmill.candidate where id = any($1::bigint[]) returning run, batch)
      update pairmill.run set buffered = buffered - free, batched = batched - dealt
        from (select run, count(*) filter (where batch is null) as free, count(batch) as dealt from gone group by run) g where no = g.run`,
      [gone],
    )
    taken += gone.length
  }
  return taken
}

/** A candidate without what it names in passing; null = it goes; the same one = it stays as it is. Pure. */
function candidateLeft(body: Candidate, rule: TakeBackRule): Candidate | null {
  if (rule.takesUrl(body.imageUrl) || (body.pageUrl !== null && rule.takesUrl(body.pageUrl))) return null
  const fallbackUrls = body.fallbackUrls.filter((url) => !rule.takesUrl(url))
  const isLicenceGone = body.licenceUrl !== null && rule.names(body.licenceUrl)
  const value = body.pagePermission?.value ?? null
  const isValueGone = value !== null && rule.names(value)
  if (fallbackUrls.length === body.fallbackUrls.length && !isLicenceGone && !isValueGone) return body
  return {
    ...body,
    fallbackUrls,
    ...(isLicenceGone ? { licenceUrl: null } : {}),
    ...(isValueGone && body.pagePermission !== undefined
      ? { pagePermission: { ...body.pagePermission, value: null } }
      : {}),
  }
}

async function takeRejects(database: Database, rule: TakeBackRule): Promise<number> {
  const isLeft = ({ imageUrl, pageUrl }: TextReject) =>
    !rule.takesUrl(imageUrl) && (pageUrl === null || !rule.takesUrl(pageUrl))
  let taken = 0
  for await (const rows of slices<{ id: string; body: string }>(database, 'reject_chunk', 'id, body')) {
    for (const { id, body } of rows) {
      const rejects = unpackRejects(body)
      const left = rejects.filter(isLeft).map((reject) => withoutLicence(reject, rule))
      const packed = left.map((reject) => ({ key: '', texts: [], reject }))
      const { head, found } = packFound(hostLeft(body, rule), packed)
      const lines = found.flatMap((one) => ('line' in one ? [one.line] : []))
      const text = [head, ...lines].join('\n')
      if (text === body) continue
      await database.query(
        `with chunk as (update pairmill.reject_chunk set body = $2::text where id = $1::bigint returning run, batch),
          counted as (update pairmill.batch b set rows = rows - $3::int from chunk where b.run = chunk.run and b.id = chunk.batch)
        update pairmill.run set rejects = rejects - $3::int, rejects_buffered = rejects_buffered - case when chunk.batch is null then $3::int else 0 end
          from chunk where no = chunk.run`,
        [id, text, rejects.length - left.length],
      )
      taken += rejects.length - left.length
    }
  }
  // Of nothing but a head.
  await database.query(`delete from pairmill.reject_chunk where position(e'\\n' in body) = 0`)
  return taken
}

function withoutLicence(reject: TextReject, rule: TakeBackRule): TextReject {
  return reject.licenceUrl !== null && rule.names(reject.licenceUrl)
    ? { ...reject, licenceUrl: null }
    : reject
}

async function takePages(database: Database, rule: TakeBackRule): Promise<number> {
  const isLeft = ({ url, redirectTo }: PageRow) =>
    !rule.takesUrl(url) && (redirectTo === null || !rule.takesUrl(redirectTo))
  const withoutDetail = (page: PageRow): PageRow =>
    page.detail !== null && rule.names(page.detail) ? { ...page, detail: null } : page
  let taken = 0
  for await (const rows of slices<{ id: string; at: string; body: string }>(
    database,
    'page_chunk',
    'id, at_ms::text as at, body',
  )) {
    for (const { id, at, body } of rows) {
      const pages = unpackPages(body, Number(at))
      const left = pages.filter(isLeft).map(withoutDetail)
      if (left.length === pages.length && left.every((page, i) => page === pages[i])) continue
      await database.query(
        `with chunk as (update pairmill.page_chunk set body = $2::text where id = $1::bigint returning run, file),
          counted as (update pairmill.page_file f set rows = rows - $3::int from chunk where f.run = chunk.run and f.id = chunk.file)
        update pairmill.run set page_rows = page_rows - $3::int, page_file_rows = page_file_rows - case when page_file = chunk.file then $3::int else 0 end
          from chunk where no = chunk.run`,
        [id, packPages(hostLeft(body, rule), left), pages.length - left.length],
      )
      taken += pages.length - left.length
    }
  }
  return taken
}

/** Seeds stand in the options; a note says why a run failed. */
async function takeNotes(database: Database, rule: TakeBackRule): Promise<void> {
  const { rows } = await database.query('select no, options, note from pairmill.run')
  for (const { no, options, note } of rows as {
    no: number
    options: { seeds?: unknown }
    note: string | null
  }[]) {
    const seeds = Array.isArray(options.seeds) ? options.seeds.filter(isText) : []
    const left = seeds.filter((seed) => !rule.takesUrl(seed))
    if (left.length < seeds.length)
      await database.query('update pairmill.run set options = $2::jsonb where no = $1', [
        no,
        JSON.stringify({ ...options, seeds: left }),
      ])
    if (note !== null && rule.names(note))
      await database.query('update pairmill.run set note = null where no = $1', [no])
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'

/** Host that the head of a chunk may go on naming, for all of its lines; none where it goes. */
function hostLeft(body: string, rule: TakeBackRule): string {
  const [first = ''] = body.split('\n', 1)
  const { host } = JSON.parse(first) as { readonly host?: unknown }
  return typeof host === 'string' && !rule.takesHost(host) ? host : ''
}

/** The rows of a table by id, so many at a time; what goes meanwhile is not met again. */
async function* slices<Row extends { readonly id: string }>(
  database: Database,
  table: 'url' | 'candidate' | 'reject_chunk' | 'page_chunk',
  columns: string,
): AsyncGenerator<readonly Row[]> {
  let after = '0'
  for (;;) {
    const { rows } = await database.query(
      `select ${columns.replace(/^id/, 'id::text as id')} from pairmill.${table} where id > $1::bigint order by pairmill.${table}.id limit ${sliceRows}`,
      [after],
    )
    const found = rows as Row[]
    const last = found.at(-1)
    if (last === undefined) return
    yield found
    after = last.id
  }
}
