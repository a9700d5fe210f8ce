/**
 * The pages that the bench serves: pure functions of a page's number, so that a site of any size needs no files
 * and is the same for every crawler and every run.
 */

const adjectives = 'small,old,bright,wooden,quiet,green,tall,striped,empty,busy,red,frozen'.split(',')
const subjects = 'dog,bicycle,lighthouse,market,river,child,tractor,bridge,kitten,train,garden,boat'.split(
  ',',
)
const actions = 'stands beside,leans against,passes,waits near,faces,rests below,moves past'.split(',')
const places =
  'a stone wall,the harbour,an open field,the railway station,a snowy hill,the village square'.split(',')

/** @typedef {'crawl' | 'line'} SiteKind crawl: ten captioned images a page; line: one of them worth fetching */

/** 9 KB, the size of the pages that the other crawlers were measured with. */
const pageBytes = 9 * 1024

/** Mixes an integer into 0..2^32-1, so that neighbours differ. */
function mix(number) {
  let value = Math.imul(number ^ (number >>> 16), 0x45d9f3b)
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b)
  return (value ^ (value >>> 16)) >>> 0
}

/** An English caption of about ten words that belongs to this number alone. */
export function captionOf(number) {
  const pick = (words, salt) => words[mix(number * 8 + salt) % words.length]
  return `A ${pick(adjectives, 1)} ${pick(subjects, 2)} ${pick(actions, 3)} ${pick(places, 4)} with a ${pick(adjectives, 5)} ${pick(subjects, 6)}, view ${number}`
}

/**
 * The 20 pages that page `id` links to: ten children of a tree, which make every page reachable from page 0, and
 * ten from anywhere in the site, which make most links point to what is known already.
 */
export function linksOf(id, pages) {
  const children = Array.from({ length: 10 }, (_, i) => (10 * id + 1 + i) % pages)
  const others = Array.from({ length: 10 }, (_, i) => mix(id * 10 + i) % pages)
  return [...children, ...others]
}

/** @returns {string[]} ten `<img>` elements */
function imagesOf(id, kind) {
  const picture = (number, src) =>
    `<img src="${src}" alt="${captionOf(number)}" width="640" height="480" loading="lazy">`
  if (kind === 'crawl') {
    return Array.from({ length: 10 }, (_, i) => picture(10 * id + i, `/picture/${10 * id + i}.jpg`))
  }
  const icons = Array.from({ length: 4 }, (_, i) => `<img src="/icons/${i}.png" alt="logo">`)
  const thumbnails = Array.from({ length: 5 }, (_, i) => `<img src="/thumbs/${id}-${i}.jpg" alt="image">`)
  return [picture(id, `/picture/${id}.jpg`), ...icons, ...thumbnails]
}

/** One page of `pageBytes` bytes with 20 links and 10 images. */
export function pageHtml(id, pages, kind) {
  const links = linksOf(id, pages).map(
    (to) => `<li><a href="/page/${to}.html">Page ${to} of this site</a></li>`,
  )
  const figures = imagesOf(id, kind).map((image) => `<figure>${image}</figure>`)
  const head = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page ${id}</title></head><body><h1>Page ${id}</h1><nav><ul>${links.join('\n')}</ul></nav><main>${figures.join('\n')}`
  const tail = '</main></body></html>\n'
  let text = ''
  for (let number = id; head.length + text.length + tail.length < pageBytes; number += 1) {
    text += `\n<p>${captionOf(number)}. <em>${captionOf(number + pages)}</em>.</p>`
  }
  return head + text + tail
}

export const robotsTxt = 'User-agent: *\nDisallow: /private/\n'
