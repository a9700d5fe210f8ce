const extension =
  'jpe?g|jfif|png|gif|webp|bmp|tiff?|svg|avif|heic|ico|psd|eps|cr2|nef|dng|pdf|mp4|mov|webm|html?|php|aspx?'
const ending = new RegExp(
  `(?<=[^\\s.])\\.(?:${extension})(?:\\s*[([,;]?\\s*\\d[\\d.,;\\sx×*]*(?:bytes?|[kmg]i?b|b|px|ko|mo)?\\s*[)\\]]?)?["'»”.]*$`,
  'iu',
)
/** How wikis name the page of a file. */
const prefix =
  /^(?:file|image|datei|bild|fichier|archivo|ficheiro|immagine|bestand|plik|fil|tiedosto|fájl|soubor|dosya|файл|ファイル|文件|파일)\s*:\s*(?=\S)/iu
const cameraPrefix =
  /^(?:img|dsc[nf]?|dscf|dscn|pict?|p|mvi|vid|pxl|gopr|gp|dji|sam|cimg|kif|imag|hpim|sdc|wp|fb[_ -]img|screen ?shot|capture|scan|whatsapp image|signal|received|unnamed|bildschirmfoto|captura de pantalla|capture d[’']écran|скриншот|螢幕截圖|屏幕截图)(?=[\s_\-(\d])/iu
/** Words that cameras and copying put beside the numbers of file names. */
const fileSuffixes = new Set(
  'at am pm copy edited edit scaled hdr pano burst wa cover e x a b c o um à le de'.split(' '),
)
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/iu

/**
 * Words of a file's name, without `File:` and its ending; empty where it is the work of a camera or a program. null = the text is no file name.
 */
export function nameOfFile(text: string): string | null {
  if (uuid.test(text) || /^[a-z]:\\|^\.{0,2}\/\S*$/iu.test(text)) return ''
  const name = text.replace(prefix, '').replace(ending, '').trim()
  const camera = cameraPrefix.exec(name)
  if (name === '' || isFileToken(name)) return ''
  if (camera !== null && isNumbering(name.slice(camera[0].length))) return ''
  return name === text ? null : name
}

/** Three digits or more, and no letters but those that file names carry beside numbers. */
function isNumbering(rest: string): boolean {
  const tokens = rest.toLowerCase().match(/\p{L}+/gu) ?? []
  return (rest.match(/\d/gu)?.length ?? 0) >= 3 && tokens.every((token) => fileSuffixes.has(token))
}

/** One token without spaces that nobody would write in a sentence. */
function isFileToken(token: string): boolean {
  if (/\s/u.test(token)) return false
  const digits = token.match(/\d/gu)?.length ?? 0
  return (
    /^[a-z0-9]+(?:[_+]|%20)/iu.test(token) ||
    /^[a-z]{1,5}\d{4,}[a-z]?$/iu.test(token) ||
    (digits > 0 && /^[0-9a-f]{12,}$/iu.test(token)) ||
    (digits >= 4 && /^[a-z0-9_-]{16,}$/iu.test(token)) ||
    /^[a-z0-9]+(?:-[a-z0-9]+){3,}$/u.test(token)
  )
}
