import { type ComponentChildren, createContext } from 'preact'
import { useContext, useEffect, useRef, useState } from 'preact/hooks'
import type { Card, PageData } from '../page-data.js'
import { formatCount } from './figures.js'
import { Address, Text } from './text.js'
import { visible } from './visible.js'

const ShowCard = createContext<(card: Card, picture: string | null) => void>(() => {})

/** Opens the dialog with all that is known of a card. */
export const useShowCard = () => useContext(ShowCard)

interface Shown {
  readonly card: Card
  readonly picture: string | null
}

/** One dialog for the page, in which a card is shown whole. */
export function PairDialog({
  data,
  children,
}: {
  readonly data: PageData
  readonly children: ComponentChildren
}) {
  const [shown, setShown] = useState<Shown | null>(null)
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (shown !== null) dialog.current?.showModal()
  }, [shown])
  const meaning = data.report?.reasons.find(({ reason }) => reason === shown?.card.reason)?.meaning
  return (
    <ShowCard.Provider value={(card, picture) => setShown({ card, picture })}>
      {children}
      <dialog ref={dialog} aria-labelledby="pair-title" onClose={() => setShown(null)}>
        {shown !== null && <Whole {...shown} meaning={meaning ?? null} />}
      </dialog>
    </ShowCard.Provider>
  )
}

function Whole({ card, picture, meaning }: Shown & { readonly meaning: string | null }) {
  const { key, caption, source, url, pageUrl, score, language, width, height, reason, detail } = card
  return (
    <>
      <form method="dialog">
        <h2 id="pair-title">{reason === null ? 'A kept pair' : 'A candidate that was turned away'}</h2>
        <button type="submit" class="close">
          Close
        </button>
      </form>
      {picture !== null && <img class="whole" src={picture} alt="" />}
      <p class="caption">
        <Text text={caption} most={2_000} />
      </p>
      <dl>
        {reason !== null && (
          <Fact name="Why not">
            {meaning ?? ''}{' '}
            <code>
              <Text text={reason} most={60} />
            </code>
          </Fact>
        )}
        {detail !== null && (
          <Fact name="More">
            <Text text={detail} />
          </Fact>
        )}
        {score !== null && <Fact name="Score">{score.toFixed(4)}</Fact>}
        {source !== null && <Fact name="Caption stood in">{visible(source, 40)}</Fact>}
        {language !== null && <Fact name="Language">{visible(language, 40)}</Fact>}
        {width !== null && height !== null && (
          <Fact name="Fetched size">
            {formatCount(width)} × {formatCount(height)} pixels
          </Fact>
        )}
        {key !== null && (
          <Fact name="Key">
            <code>{visible(key, 40)}</code>
          </Fact>
        )}
        <Fact name="Picture">
          <Address url={url} most={400} />
        </Fact>
        {pageUrl !== null && (
          <Fact name="Page">
            <Address url={pageUrl} most={400} />
          </Fact>
        )}
      </dl>
    </>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
