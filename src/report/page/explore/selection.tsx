import { useState } from 'preact/hooks'
import type { SelectionForm } from '../../explore/explore-data.js'
import type { PageData } from '../../page-data.js'
import { amount } from '../figures.js'
import { Text } from '../text.js'
import { addressOf, useAnswer } from './asking.js'
import { Problem } from './problem.js'
import { type Selected, useSelection } from './selected.js'
import { ViewHead } from './view-head.js'

/** What was selected, as files for the commands that take it. */
export function SelectionView({ data }: { readonly data: PageData }) {
  const api = data.explorer?.api ?? ''
  const { pairs, remove, clear } = useSelection()
  const [problem, setProblem] = useState<string | null>(null)
  const place = usePlace(api)
  const save = async (form: SelectionForm) => setProblem(await download(api, form, pairs))
  return (
    <main>
      <ViewHead title="Selection">
        Pairs that were ticked in the other views, until this tab is closed. Nothing is changed here: a
        command does that, with one of these files.
      </ViewHead>
      {pairs.length === 0 ? (
        <p class="empty">Nothing is selected: tick pictures under Search or Pairs.</p>
      ) : (
        <>
          <p>
            <button type="button" class="action" onClick={() => save('uids')}>
              Save uids.txt
            </button>{' '}
            to keep these alone: <code>pairmill curate {place} --uids uids.txt --out selected</code>
          </p>
          <p>
            <button type="button" class="action" onClick={() => save('retract')}>
              Save retract.txt
            </button>{' '}
            to take them back: <code>pairmill retract {place} --file retract.txt --reason '…'</code>
          </p>
          {problem !== null && <Problem text={problem} />}
          <p class="note" role="status">
            {amount(pairs.length, 'pair')}{' '}
            <button type="button" class="action" onClick={clear}>
              Select nothing
            </button>
          </p>
          <ul class="gallery" aria-label="Selected pairs">
            {pairs.map(({ key, uid, caption }) => (
              <li key={uid}>
                <button type="button" class="tile" onClick={() => remove(uid)}>
                  <span class="frame">
                    <img src={addressOf(api, '/picture', { key })} alt="" loading="lazy" decoding="async" />
                  </span>
                  <span class="caption">
                    <Text text={caption} most={120} />
                  </span>
                  <span class="foot">Take it out</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </main>
  )
}

function usePlace(api: string): string {
  const state = useAnswer<{ readonly place: string }>(addressOf(api, '/state')).answered
  const place = state !== null && 'value' in state ? state.value.place : 'DATASET'
  return /^[\w./:@%+-]+$/.test(place) ? place : `'${place.replaceAll("'", `'\\''`)}'`
}

/** Why the file cannot be had; null = the browser has it. */
async function download(
  api: string,
  form: SelectionForm,
  pairs: readonly Selected[],
): Promise<string | null> {
  const body = JSON.stringify({ form, uids: pairs.map(({ uid }) => uid) })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(addressOf(api, '/selection'), { method: 'POST', headers, body }).catch(
    () => null,
  )
  if (response === null) return 'The explorer does not answer: is pairmill explore still running?'
  if (!response.ok) return ((await response.json()) as { problem?: string }).problem ?? 'it cannot be saved'
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await response.blob())
  link.download = `${form}.txt`
  link.click()
  URL.revokeObjectURL(link.href)
  return null
}
