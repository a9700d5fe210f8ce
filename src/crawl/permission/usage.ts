/** What a list of usage preferences says of training models; null = nothing. */
export type Preference = 'yes' | 'no' | null

/** The two vocabularies for it: AIPREF's Content-Usage, and Content-Signal. */
export type UsageSignal = 'aipref' | 'content-signal'

/** AIPREF's categories, this draft's and earlier ones': pairs are made to train with, and generative models train on them too. */
const trainingCategories = ['train-ai', 'train-genai', 'ai', 'genai']
/** Those that hold training among other uses: they count where training itself is not named. */
const widerCategories = ['bots', 'tdm']

/**
 * Reads `train-ai=n, search=y` or `ai-train=no, search=yes`: a header's value, joined where it was repeated, or a robots.txt line's. A no wins over
 * a yes of equal standing; what cannot be read says nothing.
 */
export function trainingPreference(text: string, signal: UsageSignal): Preference {
  const said = preferences(text)
  if (signal === 'content-signal') return strictest(said, ['ai-train'])
  return strictest(said, trainingCategories) ?? strictest(said, widerCategories)
}

function strictest(said: ReadonlyMap<string, Preference>, categories: readonly string[]): Preference {
  const answers = categories.map((category) => said.get(category) ?? null)
  return answers.find((answer) => answer === 'no') ?? answers.find((answer) => answer !== null) ?? null
}

const values: Readonly<Record<string, Preference>> = { y: 'yes', yes: 'yes', n: 'no', no: 'no' }

function preferences(text: string): Map<string, Preference> {
  const said = new Map<string, Preference>()
  for (const item of text.split(',')) {
    // What follows a semicolon are parameters (RFC 9651 section 3.1.2).
    const [, key, value] = /^\s*([\w*.-]+)\s*=\s*"?([a-z]+)"?\s*(?:;|$)/i.exec(item) ?? []
    if (key === undefined || value === undefined) continue
    const answer = values[value.toLowerCase()] ?? null
    const name = key.toLowerCase()
    if (answer !== null && said.get(name) !== 'no') said.set(name, answer)
  }
  return said
}
