import type { ComponentChildren } from 'preact'

/** Heading of a view, with a line about it. */
export function ViewHead({
  title,
  children,
}: {
  readonly title: string
  readonly children: ComponentChildren
}) {
  return (
    <header class="view-head">
      <h1>{title}</h1>
      <p class="lead">{children}</p>
    </header>
  )
}
