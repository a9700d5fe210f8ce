import { useEffect, useRef, useState } from 'preact/hooks'
import { visible } from './visible.js'

/** A command of a shell, to be copied. */
export function Command({ text, label }: { readonly text: string; readonly label: string }) {
  const [said, setSaid] = useState('')
  const shown = useRef<HTMLElement>(null)
  // What was said is about the text before.
  useEffect(() => setSaid(''), [text])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('Copied')
    } catch {
      // Where a browser refuses it, such as from a file, the text is there to be selected.
      if (shown.current !== null) getSelection()?.selectAllChildren(shown.current)
      setSaid('Selected: press Ctrl+C')
    }
  }
  return (
    <div class="command">
      <span class="label">{label}</span>
      <code ref={shown}>{visible(text, 4_000)}</code>
      <button type="button" onClick={copy}>
        Copy
      </button>
      <span role="status">{said}</span>
    </div>
  )
}
