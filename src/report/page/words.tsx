import type { ReportData } from '../page-data.js'
import { formatCount, formatShare } from './figures.js'
import { Text } from './text.js'

/** Words that many captions have. */
export function Words({ report: { words, wordsEvery, candidates } }: { readonly report: ReportData }) {
  const most = words[0]?.count ?? 1
  return (
    <>
      <p class="lead">
        Words of at least three letters by the captions that have them. One that stands in very many may be
        what a site writes under every picture.
        {wordsEvery > 1 && ` Counted in one caption of ${formatCount(wordsEvery)}.`}
      </p>
      <ul class="words">
        {words.map(({ name, count }) => (
          <li key={name} title={formatShare(count, candidates.kept / wordsEvery)}>
            <span class={`size-${sizeOf(count, most)}`}>
              <Text text={name ?? ''} most={40} />
            </span>{' '}
            <span class="share">{formatCount(count)}</span>
          </li>
        ))}
      </ul>
    </>
  )
}

/** 1 to 4. */
const sizeOf = (count: number, most: number): number => 1 + Math.min(3, Math.floor((4 * count) / (most + 1)))
