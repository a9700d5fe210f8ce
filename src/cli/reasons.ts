import type {
  PageSkipReason,
  RecordSkip,
  RenderFailure,
  RowSkipReason,
  ScopeVerdict,
  TrapReason,
} from '../crawl/index.js'
import type { ImageSkipReason, RejectReason } from '../records/index.js'
import type { RunSkipReason } from '../workers/index.js'

/** What each reason means, for people: completes "rejected: ...". */
export const rejectExplanations: Readonly<Record<RejectReason, string>> = {
  caption_short: 'caption has too few characters',
  caption_long: 'caption is too long',
  caption_few_words: 'caption has too few words',
  caption_file_name: 'caption is a file name',
  caption_url: 'caption is a web address',
  caption_placeholder: 'caption is a placeholder such as "image" or "logo"',
  caption_markup: 'caption is code or markup',
  caption_repeated: 'the same caption stood beside many images',
  language: 'caption is in another language (--lang)',
  robots: 'robots.txt forbids the image',
  robots_unreachable: "the image host's robots.txt could not be read, so nothing is fetched",
  opt_out: 'the site says that it is not to be taken (--ignore-opt-out)',
  address_refused: 'private or reserved address (--allow-private)',
  bad_url: 'image address cannot be used',
  dns: 'host name not found',
  connection: 'no connection, or it broke',
  tls: 'certificate or encryption failed',
  timeout: 'took too long',
  http_4xx: 'the server says it is gone or forbidden (HTTP 4xx)',
  http_5xx: 'the server failed (HTTP 5xx)',
  http_other: 'unexpected HTTP status',
  redirects: 'too many redirects',
  too_large: 'file is larger than allowed',
  body_cut: 'download ended early',
  encoding: 'transfer encoding cannot be read',
  empty: 'empty file',
  host_stalled: 'host was not ready for too long',
  not_image: 'not an image',
  svg: 'vector graphic',
  format: 'image format that is not read',
  truncated: 'image file is cut off',
  undecodable: 'image file is damaged',
  bomb: 'far too many pixels for its size',
  bytes_small: 'file is too small (--min-bytes)',
  side_small: 'image is too small (--min-side)',
  aspect: 'image is too long or too tall (--max-aspect)',
  duplicate_exact: 'the same file was kept already (--dedupe)',
  duplicate_near: 'looks like an image kept already (--dedupe)',
  score_low: 'caption does not fit the image (--threshold)',
  concept_dropped: 'image shows a concept that is to be dropped (--concepts)',
  concept_missing: 'image shows none of the concepts to keep (--concepts)',
  max_pairs: 'more than --max-pairs',
  crashed: 'ended the process that decoded it, or all that tried it',
}

export const imageSkipExplanations: Readonly<Record<ImageSkipReason, string>> = {
  data_url: 'picture written into the page itself',
  svg: 'vector graphic',
  scheme: 'address that is neither http nor https',
  no_source: 'no address',
  no_caption: 'no text beside it',
  bad_url: 'address that cannot be read',
}

export const rowSkipExplanations: Readonly<Record<RowSkipReason, string>> = {
  malformed: 'line that cannot be read',
  no_url: 'no image URL',
  bad_url: 'image URL that cannot be used',
  no_caption: 'no caption',
}

/** The page is taken as it was fetched then. */
export const renderExplanations: Readonly<Record<RenderFailure, string>> = {
  launch: 'no browser came up',
  browser: 'the browser died',
  memory: 'the browser held too much memory',
  crash: 'the process of the page died',
  timeout: 'the page or the browser did not answer',
  too_large: 'the page grew larger than pages may be',
  busy: 'no browser was free in time',
  cancelled: 'stopped on the way',
}

export const recordSkipExplanations: Readonly<Record<RecordSkip, string>> = {
  warcinfo: 'says how the archive was made',
  request: 'what the archiving crawler asked for',
  metadata: 'says something of another record',
  revisit: 'page that had not changed since an earlier visit',
  resource: 'file without the head of a response',
  conversion: 'page in another form, such as plain text',
  other: 'record of another kind',
  truncated: 'page that the archiving crawler cut off',
  not_http: 'not an HTTP response',
  not_html: 'not a web page',
  http_3xx: 'redirect',
  http_4xx: 'page that was gone or forbidden (HTTP 4xx)',
  http_5xx: 'the server had failed (HTTP 5xx)',
  http_other: 'unexpected HTTP status',
  empty: 'empty page',
  opt_out: 'the page says that it is not to be taken (--ignore-opt-out)',
  bad_url: 'address cannot be used',
  gzip: 'compressed data are broken',
  cut: 'cut off',
  malformed: 'not as a WARC record has to be',
  header_large: 'header without end',
  length: 'not as long as it says',
  too_large: 'larger than allowed',
  http_head: 'response without a head that can be read',
  encoding: 'body is not coded as the response says',
  json: 'WAT record without its JSON',
  bad_path: 'path in a list that cannot be used',
  absent: 'archive that a list names and that is not there',
  refused: 'archive that a list names and that its server does not give',
  not_warc: 'file that is no web archive',
}

/** A link is counted as often as it stands on a page. */
export const linkSkipExplanations: Readonly<
  Record<Exclude<ScopeVerdict, 'in'> | TrapReason | 'nofollow', string>
> = {
  out_of_scope: 'beyond --scope',
  too_deep: 'beyond --max-depth',
  excluded: 'left out by --include or --exclude',
  nofollow: 'the page asks not to follow it (--ignore-opt-out)',
  trap_path: 'its path repeats itself, as that of a relative link resolved again and again',
  trap_depth: 'its path has more parts than real ones have',
  trap_query: 'its query only grows',
  trap_calendar: 'one date after the other without end',
  trap_session: 'the same page under another session',
}

/** Beside the reasons of a visit: those of the run, which never asked for the page, or not again. */
type PageLeftOut = PageSkipReason | Exclude<ScopeVerdict, 'in'> | RunSkipReason

export const pageSkipExplanations: Readonly<Record<PageLeftOut, string>> = {
  robots: 'robots.txt forbids the page, or could not be read',
  out_of_scope: 'beyond --scope',
  too_deep: 'beyond --max-depth',
  excluded: 'left out by --include or --exclude',
  redirects: 'too many redirects',
  redirect_loop: 'redirect that leads back to where it came from, such as one that waits for a cookie',
  host_stalled: 'host was not ready for too long',
  host_budget: 'its host had given all the pages that it may (--max-pages-per-host)',
  bad_url: 'address cannot be used',
  address_refused: 'private or reserved address (--allow-private)',
  dns: 'host name not found',
  connection: 'no connection, or it broke',
  tls: 'certificate or encryption failed',
  timeout: 'took too long',
  too_large: 'page is larger than allowed',
  body_cut: 'download ended early',
  encoding: 'transfer encoding cannot be read',
  headers: 'answer that cannot be read',
  cancelled: 'stopped on the way',
  http_429: 'the server asks for fewer requests (HTTP 429)',
  http_4xx: 'the server says it is gone or forbidden (HTTP 4xx)',
  http_5xx: 'the server failed (HTTP 5xx)',
  http_other: 'unexpected HTTP status',
  not_html: 'not a web page',
  empty: 'empty page',
  copy: 'copy of a page that the host gave under other addresses',
  soft_404: 'what the host shows for pages that it has not, though it answers 200',
  opt_out: 'the site says that it is not to be taken (--ignore-opt-out)',
}
