/** Verdict of a list of usage preferences on training models; null = it says nothing of that. */
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

/** An item that says something of training. What follows a semicolon are parameters (RFC 9651 section 3.1.2). */
const item =
  /(?:^|,)\s*(train-ai|train-genai|ai|genai|bots|tdm|ai-train)\s*=\s*"?(y|yes|n|no)"?\s*(?=[;,]|$)/gi

/** A list may have a hundred thousand items: it is not taken apart. */
function preferences(text: string): Map<string, Preference> {
  const said = new Map<string, Preference>()
  for (const [, key = '', value = ''] of text.matchAll(item)) {
    const name = key.toLowerCase()
    if (said.get(name) !== 'no') said.set(name, value.toLowerCase().startsWith('y') ? 'yes' : 'no')
  }
  return said
}
