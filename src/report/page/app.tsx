import { useEffect, useState } from 'preact/hooks'
import type { PageData } from '../page-data.js'
import { PairDialog } from './pair-dialog.js'
import { views } from './views.js'

/** View that an address names, such as `#/search`; the first one where it names none. */
const viewNamed = (hash: string): string => /^#\/([a-z-]+)/.exec(hash)?.[1] ?? ''

/** The whole page: tabs where there is more than one view, and the view. */
export function App({ data }: { readonly data: PageData }) {
  const own = views.filter((view) => view.isFor(data))
  const [name, setName] = useState(() => viewNamed(location.hash))
  useEffect(() => {
    const follow = () => {
      // What a section is named by stays within its view.
      if (location.hash === '' || location.hash.startsWith('#/')) setName(viewNamed(location.hash))
    }
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  const current = own.find(({ id }) => id === name) ?? own[0]
  if (current === undefined) return <p class="empty">There is nothing to show yet.</p>
  return (
    <PairDialog data={data}>
      {own.length > 1 && (
        <nav class="tabs" aria-label="Views">
          {own.map(({ id, title }) => (
            <a key={id} href={`#/${id}`} aria-current={id === current.id ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
      )}
      <current.Body data={data} />
    </PairDialog>
  )
}
