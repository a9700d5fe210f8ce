import { useEffect, useState } from 'preact/hooks'
import type { ExplorerState, SearchAnswer } from '../../explore/explore-data.js'
import type { PageData } from '../../page-data.js'
import { amount, formatCount } from '../figures.js'
import { Hint } from '../hint.js'
import { Text } from '../text.js'
import { type Answered, addressOf, ask, useAddress, useAnswer } from './asking.js'
import { PairGrid } from './pair-grid.js'
import { Problem } from './problem.js'
import { useSelection } from './selected.js'
import { ViewHead } from './view-head.js'

/** Pictures near to a text, to a picture, or to another pair. */
export function SearchView({ data }: { readonly data: PageData }) {
  const api = data.explorer?.api ?? ''
  const [params, go] = useAddress()
  const [text, key] = [params.get('text') ?? '', params.get('key')]
  const [typed, setTyped] = useState(text)
  const [picture, setPicture] = useState<File | null>(null)
  useEffect(() => setTyped(text), [text])
  const state = useAnswer<ExplorerState>(addressOf(api, '/state')).answered
  const isAsked = picture === null && (text !== '' || key !== null)
  const named = useAnswer<SearchAnswer>(
    isAsked ? addressOf(api, '/search', { text: key === null ? text : null, key }) : null,
  )
  const shown = usePictureSearch(api, picture)
  const { answered, isAsking } = picture === null ? named : shown
  const facts = state !== null && 'value' in state ? state.value : null
  return (
    <main>
      <ViewHead title="Search">
        {facts === null
          ? ''
          : facts.search.modelId === null
            ? 'No model has scored this dataset, so there is nothing to search by.'
            : `By what the model sees in ${amount(facts.search.of, 'picture')}.`}{' '}
        <Hint
          term="search"
          text="The model of the dataset turns texts and pictures into points; near points mean alike. The figure is the cosine: 1 is the same, 0 has nothing in common."
        />
      </ViewHead>
      <form
        class="asking"
        onSubmit={(event) => {
          event.preventDefault()
          setPicture(null)
          go({ text: typed.trim() })
        }}
      >
        <label class="wide">
          <span class="name">Text</span>
          <input
            type="search"
            value={typed}
            placeholder="a red bicycle"
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="action">
          Search
        </button>
        <label>
          <span class="name">or a picture</span>
          <input
            type="file"
            accept="image/*"
            onChange={(event) => setPicture(event.currentTarget.files?.[0] ?? null)}
          />
        </label>
      </form>
      {key !== null && picture === null && (
        <p class="note">
          Pictures like <code>{key}</code>
        </p>
      )}
      {picture !== null && (
        <p class="note">
          Pictures like <Text text={picture.name} most={80} />
        </p>
      )}
      <p class="note" role="status">
        {isAsking ? 'Searching … the first search loads the model.' : foundText(answered)}
      </p>
      {answered !== null && 'problem' in answered && <Problem text={answered.problem} />}
      {answered !== null && 'value' in answered && <Found api={api} answer={answered.value} />}
    </main>
  )
}

function foundText(answered: Answered<SearchAnswer> | null): string {
  if (answered === null || !('value' in answered)) return ''
  const { found, images, tookMs } = answered.value
  return `${amount(found.length, 'picture')}, the nearest of ${formatCount(images)}, in ${Math.max(1, Math.round(tookMs))} ms.`
}

function Found({ api, answer }: { readonly api: string; readonly answer: SearchAnswer }) {
  const selection = useSelection()
  return (
    <>
      {answer.found.length > 0 && (
        <p>
          <button
            type="button"
            class="action"
            onClick={() => selection.add(answer.found.map(({ pair }) => pair))}
          >
            Select all of these
          </button>
        </p>
      )}
      <PairGrid
        api={api}
        label="Found"
        shown={answer.found.map(({ pair, cosine }) => ({ pair, figure: cosine.toFixed(3) }))}
      />
    </>
  )
}

/** Sends a picture as soon as one is chosen. */
function usePictureSearch(api: string, picture: File | null) {
  const [answered, setAnswered] = useState<Answered<SearchAnswer> | null>(null)
  const [isAsking, setIsAsking] = useState(false)
  useEffect(() => {
    setAnswered(null)
    if (picture === null) return
    const calledOff = new AbortController()
    setIsAsking(true)
    const headers = { 'content-type': 'application/octet-stream' }
    ask<SearchAnswer>(addressOf(api, '/search'), {
      ...{ method: 'POST', body: picture, headers, signal: calledOff.signal },
    }).then(
      (answer) => {
        setAnswered(answer)
        setIsAsking(false)
      },
      () => {},
    )
    return () => calledOff.abort()
  }, [picture])
  return { answered, isAsking }
}
