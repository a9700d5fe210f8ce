import { useEffect, useState } from 'preact/hooks'
import type { PairRow } from '../../explore/explore-data.js'

/** A selected pair, as far as it is shown again. */
export type Selected = Pick<PairRow, 'key' | 'caption'> & { readonly uid: string }

/** The selection lives as long as the tab of the browser, in all views. */
const place = 'pairmill-selection'
const changed = 'pairmill-selection-changed'

function read(): readonly Selected[] {
  try {
    const held: unknown = JSON.parse(sessionStorage.getItem(place) ?? '[]')
    return Array.isArray(held) ? (held as Selected[]) : []
  } catch {
    return []
  }
}

export interface Selection {
  readonly pairs: readonly Selected[]
  has(uid: string | null): boolean
  toggle(pair: PairRow): void
  /** Those of them that are not in it yet. */
  add(pairs: readonly PairRow[]): void
  remove(uid: string): void
  clear(): void
}

const selectedOf = ({ key, caption, uid }: PairRow): Selected[] =>
  uid === null ? [] : [{ key, caption: caption.slice(0, 200), uid }]

export function useSelection(): Selection {
  const [pairs, setPairs] = useState(read)
  useEffect(() => {
    const follow = () => setPairs(read())
    addEventListener(changed, follow)
    return () => removeEventListener(changed, follow)
  }, [])
  const write = (next: readonly Selected[]) => {
    sessionStorage.setItem(place, JSON.stringify(next))
    dispatchEvent(new Event(changed))
  }
  const uids = new Set(pairs.map(({ uid }) => uid))
  return {
    pairs,
    has: (uid) => uid !== null && uids.has(uid),
    toggle(pair) {
      const without = pairs.filter(({ uid }) => uid !== pair.uid)
      write(without.length < pairs.length ? without : [...pairs, ...selectedOf(pair)])
    },
    add: (more) =>
      write([...pairs, ...more.filter(({ uid }) => uid !== null && !uids.has(uid)).flatMap(selectedOf)]),
    remove: (gone) => write(pairs.filter(({ uid }) => uid !== gone)),
    clear: () => write([]),
  }
}
