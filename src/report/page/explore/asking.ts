import { useEffect, useState } from 'preact/hooks'
import type { ExplorerProblem } from '../../explore/explore-data.js'

/** Answer of the explorer, or why there is none. */
export type Answered<T> = { readonly value: T } | ExplorerProblem

export type Params = Readonly<Record<string, string | number | null>>

/** Address of an answer; what is null or empty is left out. Pure. */
export function addressOf(api: string, path: string, params: Params = {}): string {
  const given = Object.entries(params).flatMap(([name, value]) =>
    value === null || value === '' ? [] : [[name, String(value)]],
  )
  return given.length === 0 ? `${api}${path}` : `${api}${path}?${new URLSearchParams(given)}`
}

/** Asks, and says for people what went wrong. Throws where it was called off. */
export async function ask<T>(address: string, init: RequestInit = {}): Promise<Answered<T>> {
  let response: Response
  try {
    response = await fetch(address, init)
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    return { problem: 'The explorer does not answer: is pairmill explore still running?' }
  }
  const answer: unknown = await response.json().catch(() => null)
  if (response.ok) return { value: answer as T }
  const told = (answer as Partial<ExplorerProblem> | null)?.problem
  return { problem: typeof told === 'string' ? told : `The explorer answered ${response.status}.` }
}

/** What is asked now; null = nothing is, or the answer is not there yet. The answer before stays until then. */
export function useAnswer<T>(address: string | null): {
  readonly answered: Answered<T> | null
  readonly isAsking: boolean
} {
  const [answered, setAnswered] = useState<Answered<T> | null>(null)
  const [isAsking, setIsAsking] = useState(false)
  useEffect(() => {
    if (address === null) {
      setAnswered(null)
      return
    }
    const calledOff = new AbortController()
    setIsAsking(true)
    ask<T>(address, { signal: calledOff.signal }).then(
      (answer) => {
        setAnswered(answer)
        setIsAsking(false)
      },
      () => {},
    )
    return () => calledOff.abort()
  }, [address])
  return { answered, isAsking }
}

/** What the address of the page says behind the name of its view: `#/pairs?where=...`. */
export function useAddress(): readonly [URLSearchParams, (params: Params) => void] {
  const read = () => new URLSearchParams(location.hash.split('?')[1] ?? '')
  const [params, setParams] = useState(read)
  useEffect(() => {
    const follow = () => setParams(read())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  const go = (next: Params) => {
    location.hash = addressOf('', location.hash.split('?')[0] ?? '', next)
  }
  return [params, go]
}
