import { mostCharacters, visible, webLink } from './visible.js'

/** A text of a stranger: isolated, so that its direction stays its own. */
export function Text({ text, most = mostCharacters }: { readonly text: string; readonly most?: number }) {
  return <bdi dir="auto">{visible(text, most)}</bdi>
}

/** An address of a stranger, to be followed where it is one of the web; it learns nothing of this page. */
export function Address({ url, most = 120 }: { readonly url: string; readonly most?: number }) {
  const href = webLink(url)
  const shown = (
    <bdi dir="ltr" class="address">
      {visible(url, most)}
    </bdi>
  )
  if (href === null) return shown
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {shown}
    </a>
  )
}
