const pictureEnd = /\.(?:jpe?g|jfif|png|gif|webp|avif|bmp)$/i
/** The page of a file in a wiki is named as the file is: `File:View.jpg`. */
const pageOfFile = /(?:^|\/)[^/?]*(?::|%3A)[^/]*$/i

/** Whether a canonical URL leads to a picture, by its name. */
export function isPictureUrl(url: string): boolean {
  const path = pathOf(url)
  return pictureEnd.test(path) && !pageOfFile.test(path)
}

/**
 * Key that the sizes of one picture share: the URL without its scheme, and without what services and blogs write into it for a size
 * (`-300x200`, `300px-`, `@2x`, `/w_640,c_fill/`, `?resize=696,464`). URLs without such marks are their own key.
 */
export function pictureKey(url: string): string {
  const start = url.indexOf('//') + 2
  const rest = url.slice(start)
  if (!mayHaveMark.test(rest)) return rest
  const mark = rest.indexOf('?')
  let path = mark < 0 ? rest : rest.slice(0, mark)
  const query = mark < 0 ? '' : rest.slice(mark + 1)
  path = path
    .replace(photonHost, '')
    .replace(wikiThumb, '$1')
    .replace(sizeFolder, '')
    .replace(googleSize, '')
    .replace(sizeBefore, '/')
    .replace(sizeBehind, '')
  const kept = query === '' ? [] : query.split('&').filter((parameter) => !isSize(parameter))
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`
}

/** Width that a URL's marks of a size name, pixels; null = they name none, as the original's. */
export function markedWidth(url: string): number | null {
  if (!mayHaveMark.test(url)) return null
  const digits = widthMark
    .exec(url)
    ?.slice(1)
    .find((group) => group !== undefined)
  return digits === undefined ? null : Number(digits)
}

/** Cheap, and true of every URL with a mark. */
const mayHaveMark =
  /[?=]|\dx\d|px-|@\dx|-scaled\.|-\d+w\.|[/,](?:[wh]_?|s)\d|\.wp\.com\/|\/rs:|[-_](?:thumb|small|medium|large|big|full|orig)/i
const photonHost = /^i[0-3]\.wp\.com\//
/** `/thumb/a/ab/View.jpg/300px-View.jpg` */
const wikiThumb = /\/thumb(\/[^/]+\/[^/]+\/[^/]+)\/[^/]*\d+px-[^/]*$/
const sizeFolder =
  /\/(?:(?:(?:w|h|c|q|f|g|ar|dpr|fl)_[\w.:]+(?:,|(?=\/)))+|fit-in\/\d*x\d*|\d{2,4}x\d{2,4}|[ws]\d{2,4}(?:-[a-z]?\d*(?:-[a-z]+)*)?|rs:[a-z]+:\d+(?::\d+)*|resize\/\d+x?\d*|(?:width|height|quality|format|fit)=[^/]*)(?=\/)/gi
const googleSize = /=[wsh]\d+(?:-[a-z0-9-]+)?$/i
const sizeBefore = /\/\d{2,4}px-(?=[^/]+$)/
const sizeBehind =
  /(?:[-_.@](?:\d{2,4}x\d{2,4}|\d{2,4}w|[23]x|scaled|thumb(?:nail)?|small|medium|large|big|full|orig(?:inal)?))+(?=(?:\.[a-z]{3,5})?$)/i
const sizeParameter =
  /^(?:(?:w|h|width|height|max-?w(?:idth)?|max-?h(?:eight)?|imwidth|imheight|q|quality|qlt|wid|hei|dpr|size|sz)=[\d.,x%a-f]*|(?:fit|resize|crop|zoom|ssl|strip|auto|fm|rect|scale|upscale|itok)=.*)$/i
const isSize = (parameter: string): boolean => sizeParameter.test(parameter)
const widthMark =
  /[?&](?:w|width|wid|imwidth|resize|fit)=(\d{2,5})|[-_](\d{2,4})x\d{2,4}\.|\/(\d{2,4})px-|\/(?:w_|w|s)(\d{2,4})[/,-]|-(\d{2,4})w\./i

function pathOf(url: string): string {
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}
