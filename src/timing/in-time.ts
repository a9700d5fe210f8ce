/** Answer of `ask` within `ms`; null = it failed, or has not answered yet. Its late answer is dropped. */
export async function inTime<T>(ask: () => Promise<T>, ms: number): Promise<{ readonly value: T } | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms)
  })
  try {
    const answer = ask().then(
      (value) => ({ value }),
      () => null,
    )
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
