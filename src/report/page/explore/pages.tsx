import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Rows } from '../../explore/explore-data.js'
import { amount } from '../figures.js'
import { addressOf, ask, type Params } from './asking.js'
import { Problem } from './problem.js'

interface Held<T> {
  readonly rows: readonly T[]
  readonly next: string | null
  readonly total: number | null
}

/** A list that is asked for page by page, each below the one before. */
export function Pages<T>({
  api,
  path,
  params,
  noun,
  children,
}: {
  readonly api: string
  readonly path: string
  readonly params: Params
  readonly noun: string
  readonly children: (rows: readonly T[]) => ComponentChildren
}) {
  const address = addressOf(api, path, params)
  const [held, setHeld] = useState<Held<T> | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [isAsking, setIsAsking] = useState(false)
  const take = async (after: string | null, before: Held<T> | null, signal?: AbortSignal) => {
    setIsAsking(true)
    const answered = await ask<Rows<T>>(
      addressOf(api, path, { ...params, after }),
      signal === undefined ? {} : { signal },
    )
    setIsAsking(false)
    if ('problem' in answered) return setProblem(answered.problem)
    const { rows, next, total } = answered.value
    setProblem(null)
    setHeld({ rows: [...(before?.rows ?? []), ...rows], next, total: before?.total ?? total })
  }
  useEffect(() => {
    const calledOff = new AbortController()
    take(null, null, calledOff.signal).catch(() => {})
    return () => calledOff.abort()
  }, [address])
  return (
    <>
      {problem !== null && <Problem text={problem} />}
      <p class="note" role="status">
        {isAsking && held === null ? 'Asking …' : held === null ? '' : `${amount(held.total ?? 0, noun)}`}
        {held !== null && held.rows.length < (held.total ?? 0) && `, ${held.rows.length} shown`}
      </p>
      {held !== null && problem === null && children(held.rows)}
      {held !== null && held.next !== null && problem === null && (
        <button type="button" class="action" disabled={isAsking} onClick={() => take(held.next, held)}>
          {isAsking ? 'Asking …' : 'Show more'}
        </button>
      )}
    </>
  )
}
