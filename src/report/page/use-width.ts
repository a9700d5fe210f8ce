import { type MutableRef, useEffect, useRef, useState } from 'preact/hooks'

/** Width of an element in pixels, as it is now. */
export function useWidth<T extends Element>(fallback: number): readonly [MutableRef<T | null>, number] {
  const element = useRef<T | null>(null)
  const [width, setWidth] = useState(fallback)
  useEffect(() => {
    if (element.current === null) return
    const observer = new ResizeObserver(([entry]) => {
      const measured = Math.round(entry?.contentRect.width ?? 0)
      if (measured > 0) setWidth(measured)
    })
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [])
  return [element, width]
}
