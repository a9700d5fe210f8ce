import type { FunctionComponent } from 'preact'
import type { PageData, ReportData } from '../page-data.js'
import { Summary } from './summary.js'

/** A part of the report, under a heading of its own. */
interface Section {
  /** In the address: `#reasons`. */
  readonly id: string
  readonly title: string
  isFor(report: ReportData): boolean
  readonly Body: FunctionComponent<{ readonly report: ReportData }>
}

/** In their order; the first has no heading but that of the page. */
const sections: readonly Section[] = []

/** The report: what was kept, what was not and why, on one long page. */
export function Report({ data: { report } }: { readonly data: PageData }) {
  if (report === null) return null
  const own = sections.filter((section) => section.isFor(report))
  return (
    <>
      <Summary report={report} />
      <nav class="contents" aria-label="On this page">
        {own.map(({ id, title }) => (
          <a key={id} href={`#${id}`}>
            {title}
          </a>
        ))}
      </nav>
      <main>
        {own.map(({ id, title, Body }) => (
          <section key={id} id={id} aria-labelledby={`${id}-title`}>
            <h2 id={`${id}-title`}>{title}</h2>
            <Body report={report} />
          </section>
        ))}
      </main>
    </>
  )
}
