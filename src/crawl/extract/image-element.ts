import type { Attributes, Element } from './document.js'
import { textOf } from './text.js'

/** Its text is no description but a document of its own. Elements and texts. */
const maxFallback = 50

/**
 * An element that shows a picture, as the `<img>` that it could be; null = it shows none. A picture is `<img>`, `<amp-img>` and `<image>`,
 * a `role=img` with a background of its own, an `<object>` that holds an image, the poster of a `<video>`. An `<input type=image>` is none:
 * it is a button, and its alt says what pressing it does. `svg`: the one around; null = none.
 */
export function imageElement(node: Element, svg: Element | null): Attributes | null {
  const { name, attribs } = node
  switch (name) {
    case 'img':
    case 'amp-img':
      return attribs
    case 'image':
      return svg === null ? attribs : svgImage(attribs, svg)
    case 'object':
      return objectImage(node)
    case 'video':
      return attribs.poster === undefined ? null : { ...saidBy(attribs), src: attribs.poster }
    default:
      return attribs.role === 'img' ? backgroundImage(attribs) : null
  }
}

/** Written into a style, quoted or not. */
const background = /\bbackground(?:-image)?\s*:[^;]{0,200}?\burl\(\s*(["']?)([^"')]+)\1\s*\)/i

/** URL of the background that an element's own style gives it, as written; null = none. */
export function backgroundOf(style: string | undefined): string | null {
  if (style === undefined || !style.includes('url(')) return null
  return background.exec(style.slice(0, 5000))?.[2]?.trim() ?? null
}

function backgroundImage(attribs: Attributes): Attributes | null {
  const src = backgroundOf(attribs.style)
  return src === null ? null : { ...saidBy(attribs), src }
}

/** An image within a drawing is described by itself, or by the drawing. */
function svgImage(attribs: Attributes, svg: Element): Attributes {
  const own = saidBy(attribs)
  const title = svg.children.find((child) => child.type === 'tag' && child.name === 'title')
  return {
    ...saidBy(svg.attribs),
    ...(title === undefined ? {} : { title: textOf(title, maxFallback) }),
    ...own,
    src: attribs.href ?? attribs['xlink:href'] ?? '',
  }
}

function objectImage(node: Element): Attributes | null {
  const { data, type } = node.attribs
  if (data === undefined) return null
  const isImage =
    type === undefined ? /\.(?:jpe?g|png|gif|webp|avif)(?:[?#]|$)/i.test(data) : /^\s*image\//i.test(type)
  if (!isImage) return null
  const alt = textOf(node, maxFallback)
  return { ...saidBy(node.attribs), src: data, ...(alt.trim() === '' ? {} : { alt }) }
}

const said = ['alt', 'title', 'aria-label', 'aria-labelledby', 'width', 'height'] as const

function saidBy(attribs: Attributes): Record<string, string> {
  const own: Record<string, string> = {}
  for (const name of said) {
    const value = attribs[name]
    if (value !== undefined) own[name] = value
  }
  return own
}
