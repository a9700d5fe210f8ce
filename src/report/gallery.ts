import { PictureChoice } from '../records/index.js'
import {
  type RejectedPicture,
  readPairs,
  readRejectedPictures,
  type ShardEntry,
  type Store,
} from '../shard/index.js'
import { type Ask, listIn, structIn, textIn } from './ask.js'
import { type Shown, shownColumns, shownOf, shownOfRecord, shownStruct } from './cards.js'
import { jsonInHtml } from './document.js'
import type { Card, CardNumber } from './page-data.js'
import { mostPictureBytes, thumbOf, thumbSide } from './thumbs.js'

/** Kept pairs that are shown by chance. */
const mostKept = 24
const mostOfReason = 24
const textsOfReason = 12
/** Bytes of all cards as they stand in a report, at most: texts of strangers may be long, and each `<` takes six. */
export const mostCardBytes = 2_000_000
/** Files of rejected pictures that are read, some dozens of pictures each. */
const mostRejectedFiles = 40

/** Keys of some kept pairs, by chance and always the same: those with the lowest hashes. */
export async function keptByChance(ask: Ask): Promise<readonly string[]> {
  const rows = await ask(
    'kept pairs',
    `select min({hash: coalesce(sha256, md5(url)), key: key}, ${mostKept}) as least from pairs`,
  )
  return listIn(rows[0]?.least).map((one) => textIn(structIn(one).key))
}

/** Rejected candidates to show, by reason: those of which there is a picture first. */
export interface RejectedShown {
  readonly shown: Shown
  /** WebP; null = there is none. */
  readonly bytes: Uint8Array | null
}

export async function rejectedByReason(
  {
    ask,
    store,
    entries,
  }: { readonly ask: Ask; readonly store: Store; readonly entries: readonly ShardEntry[] },
  isRefused: (shown: Shown) => boolean,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly RejectedShown[]>> {
  const choice = new PictureChoice<{ reason: string; sha256: string; one: RejectedPicture; shown: Shown }>(
    mostOfReason,
  )
  for await (const one of readRejectedPictures(store, entries, mostRejectedFiles, signal)) {
    const shown = shownOfRecord(one)
    const { reason } = shown.card
    const { sha256 } = shown.identity
    if (reason !== null && sha256 !== null && !isRefused(shown)) choice.add({ reason, sha256, one, shown })
  }
  const found = new Map<string, RejectedShown[]>()
  const add = (reason: string, one: RejectedShown) => {
    const had = found.get(reason)
    if (had === undefined) found.set(reason, [one])
    else had.push(one)
  }
  for (const { reason, shown, one } of choice.chosen()) add(reason, { shown, bytes: one.bytes })
  const rows = await ask(
    'rejected candidates',
    `select error_message as reason, min({hash: md5(url), row: ${shownStruct}}, ${textsOfReason}) as least
      from rejected group by 1 order by 1`,
  )
  for (const row of rows) {
    const reason = textIn(row.reason)
    const urls = new Set(found.get(reason)?.map(({ shown }) => shown.card.url))
    for (const least of listIn(row.least)) {
      const shown = shownOf(structIn(structIn(least).row))
      const isRoom = (found.get(reason)?.length ?? 0) < textsOfReason
      if (isRoom && !urls.has(shown.card.url) && !isRefused(shown)) add(reason, { shown, bytes: null })
    }
  }
  return found
}

/** Kept pairs by their keys; what was taken back is left out. */
export async function pairsByKey(
  ask: Ask,
  keys: readonly string[],
  isRefused: (shown: Shown) => boolean,
): Promise<ReadonlyMap<string, Shown>> {
  const rows = await ask(
    'shown pairs',
    `select ${shownColumns} from pairs where key in (select unnest(?)) order by key`,
    [keys],
  )
  const shown = rows.map(shownOf).filter((one) => !isRefused(one))
  return new Map(shown.map((one) => [one.card.key ?? '', one]))
}

/** Cards and pictures of a page, each once. */
export class Album {
  readonly #cards: Card[] = []
  readonly #pictures: string[] = []
  readonly #ofKey = new Map<string, CardNumber>()
  readonly #side: number
  #bytes = 0
  #cardBytes = 0

  /** `pictures`: how many there will be. */
  constructor(pictures: number) {
    this.#side = thumbSide(pictures)
  }

  get cards(): readonly Card[] {
    return this.#cards
  }

  get pictures(): readonly string[] {
    return this.#pictures
  }

  /** Numbers of the cards that there are for keys. */
  numbersOf(keys: readonly string[]): CardNumber[] {
    return keys.flatMap((key) => this.#ofKey.get(key) ?? [])
  }

  /** null = there is no room for it. */
  async add({ card }: Shown, bytes: Uint8Array | null): Promise<CardNumber | null> {
    const cardBytes = Buffer.byteLength(jsonInHtml(card))
    if (this.#cardBytes + cardBytes > mostCardBytes) return null
    this.#cardBytes += cardBytes
    const number = this.#cards.push({ ...card, picture: await this.#picture(bytes) }) - 1
    if (card.key !== null) this.#ofKey.set(card.key, number)
    return number
  }

  /** Adds kept pairs with their pictures; those that it has already are left as they are. */
  async addPairs(
    store: Store,
    entries: readonly ShardEntry[],
    { shown, onPair }: { readonly shown: readonly Shown[]; readonly onPair: () => void },
    signal: AbortSignal,
  ): Promise<void> {
    const wanted = new Map(
      shown.flatMap((one) => {
        const { key } = one.card
        return key === null || this.#ofKey.has(key) ? [] : [[key, one] as const]
      }),
    )
    for await (const { key, picture } of readPairs(store, entries, [...wanted.keys()], signal)) {
      signal.throwIfAborted()
      const found = wanted.get(key)
      if (found === undefined) continue
      onPair()
      await this.add(found, picture.bytes)
      wanted.delete(key)
    }
    // Of a dataset whose tars are not with it there are texts.
    for (const one of wanted.values()) await this.add(one, null)
  }

  async #picture(bytes: Uint8Array | null): Promise<number | null> {
    if (bytes === null || this.#bytes >= mostPictureBytes) return null
    const picture = await thumbOf(bytes, this.#side)
    if (picture === null) return null
    this.#bytes += picture.length * 0.75
    return this.#pictures.push(picture) - 1
  }
}
