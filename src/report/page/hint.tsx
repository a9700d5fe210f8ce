import { useId, useState } from 'preact/hooks'

/** A question mark that opens a sentence about the term beside it. */
export function Hint({ term, text }: { readonly term: string; readonly text: string }) {
  const [isOpen, setIsOpen] = useState(false)
  const id = useId()
  return (
    <span class="hint">
      <button
        type="button"
        aria-expanded={isOpen}
        aria-controls={id}
        aria-label={`What is meant by ${term}?`}
        onClick={() => setIsOpen(!isOpen)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setIsOpen(false)
        }}
      >
        ?
      </button>
      <span id={id} class="hint-text" hidden={!isOpen}>
        {text}
      </span>
    </span>
  )
}
