import type { ComponentChildren } from 'preact'

/** A table that is scrolled sideways where it does not fit; also by the keyboard. */
export function ScrollTable({
  label,
  children,
}: {
  readonly label: string
  readonly children: ComponentChildren
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard (WCAG 2.1.1).
    <section class="scroll" aria-label={label} tabIndex={0}>
      <table>{children}</table>
    </section>
  )
}
