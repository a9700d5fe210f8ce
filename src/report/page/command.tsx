import { useState } from 'preact/hooks'
import { visible } from './visible.js'

/** A command of a shell, to be copied. */
export function Command({ text, label }: { readonly text: string; readonly label: string }) {
  const [said, setSaid] = useState('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('Copied')
    } catch {
      // Where a browser refuses it, such as from a file, the text is there to be selected.
      setSaid(selectCommand() ? 'Selected: press Ctrl+C' : 'Select it to copy it')
    }
  }
  return (
    <div class="command">
      <span class="label">{label}</span>
      <code id="command">{visible(text, 4_000)}</code>
      <button type="button" onClick={copy}>
        Copy
      </button>
      <span role="status">{said}</span>
    </div>
  )
}

function selectCommand(): boolean {
  const element = document.getElementById('command')
  if (element === null) return false
  getSelection()?.selectAllChildren(element)
  return true
}
