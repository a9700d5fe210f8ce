import { visible } from '../visible.js'

/** What went wrong, in its own lines: DuckDB points at a place in the line above. */
export function Problem({ text }: { readonly text: string }) {
  return (
    <div class="problem" role="alert">
      <pre>
        {text
          .split('\n')
          .map((line) => visible(line, 400))
          .join('\n')}
      </pre>
    </div>
  )
}
