import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Hint } from '../hint.js'

/** A condition in SQL, and what else stands beside it. */
export function FilterForm({
  where,
  example,
  onAsk,
  children,
}: {
  readonly where: string
  readonly example: string
  readonly onAsk: (where: string) => void
  readonly children?: ComponentChildren
}) {
  const [text, setText] = useState(where)
  useEffect(() => setText(where), [where])
  return (
    <form
      class="asking"
      onSubmit={(event) => {
        event.preventDefault()
        onAsk(text)
      }}
    >
      <label class="wide">
        <span class="name">Where</span>
        <input
          type="text"
          value={text}
          placeholder={example}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <Hint
        term="Where"
        text="A condition in SQL on the columns of the dataset, such as width >= 512 and language = 'en'. docs/output.md has the columns."
      />
      {children}
      <button type="submit" class="action">
        Filter
      </button>
    </form>
  )
}
