/**
 * Signs in the HTML of a page that a browser would find more in it. `scripts` alone: scripts run, and may do anything. The others say that
 * something is missing:
 * - `script_built`: hardly any text and no image, or an empty element that frameworks fill, or that a script of the page names
 * - `empty_image`: an image that is described and has no source, or one within the page itself
 * - `lazy_image`: an image that is described and whose source is a placeholder, with nothing that names the real one
 * - `lazy_script`: a script of the page that watches it being scrolled
 * - `custom_element`: elements of the page's own making, which may hold shadow roots
 * - `shadow_root`: one that stands in the HTML
 * - `inline_frame`: a frame whose document stands in the HTML
 */
export const renderSigns = [
  'scripts',
  'script_built',
  'empty_image',
  'lazy_image',
  'lazy_script',
  'custom_element',
  'shadow_root',
  'inline_frame',
] as const
export type RenderSign = (typeof renderSigns)[number]

/** Counts of a page, from which its signs follow. */
export interface SignedShape {
  /** Scripts that a browser runs. */
  readonly scripts: number
  /** Characters of text, those of scripts and styles left out. */
  readonly textLength: number
  /** Images that can be fetched. */
  readonly usableImages: number
  readonly emptyImages: number
  readonly lazyImages: number
  readonly lazyScripts: number
  readonly emptyRoots: number
  readonly customElements: number
  readonly shadowRoots: number
  readonly inlineFrames: number
}

/** Less text than this is a frame for what is to come, or a request to turn scripts on. Characters. */
const hardlyText = 250

/** Pure. Without scripts only what stands in the HTML itself counts: nobody would fill in the rest. */
export function signsOf(shape: SignedShape): RenderSign[] {
  const signs: RenderSign[] = []
  if (shape.scripts > 0) {
    signs.push('scripts')
    const isBare = shape.textLength < hardlyText && shape.usableImages === 0
    if (isBare || shape.emptyRoots > 0) signs.push('script_built')
    if (shape.emptyImages > 0) signs.push('empty_image')
    if (shape.lazyImages > 0) signs.push('lazy_image')
    if (shape.lazyScripts > 0) signs.push('lazy_script')
    if (shape.customElements > 0) signs.push('custom_element')
  }
  if (shape.shadowRoots > 0) signs.push('shadow_root')
  if (shape.inlineFrames > 0) signs.push('inline_frame')
  return signs
}
