/** One line of the table; `ratio` null = there is nothing to divide, `met` null = no aim, or not measured. */
export interface Line {
  readonly what: string
  readonly pairmill: string
  readonly other: string
  readonly ratio: number | null
  readonly aim: string
  readonly met: boolean | null
}

export interface Section {
  readonly lines: readonly Line[]
  readonly notes: readonly string[]
}

/** null = of nothing. */
export declare function median(values: readonly number[]): number | null
export declare function record(
  name: string,
  title: string,
  section: Section,
  order: readonly string[],
): Promise<void>
export declare function unmeasured(what: string, aim: string, why: string): Line
export declare function skipReason(section: Section): string | null
