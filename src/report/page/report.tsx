import type { FunctionComponent } from 'preact'
import type { PageData, ReportData } from '../page-data.js'
import { Duplicates } from './duplicates.js'
import { amount } from './figures.js'
import { Gallery } from './gallery.js'
import { Hosts } from './hosts.js'
import { Options } from './options.js'
import { Permission } from './permission.js'
import { Reasons } from './reasons.js'
import { Shapes } from './shapes.js'
import { Summary } from './summary.js'
import { Threshold } from './threshold.js'
import { Words } from './words.js'

/** A part of the report, under a heading of its own. */
interface Section {
  /** In the address: `#reasons`. */
  readonly id: string
  readonly title: string
  /** Where there is little room. */
  readonly short: string
  isFor(report: ReportData): boolean
  readonly Body: FunctionComponent<{ readonly report: ReportData }>
}

/** In their order. */
const sections: readonly Section[] = [
  {
    id: 'reasons',
    title: 'What was turned away',
    short: 'Turned away',
    isFor: ({ reasons }) => reasons.length > 0,
    Body: Reasons,
  },
  {
    id: 'threshold',
    title: 'Scores and threshold',
    short: 'Threshold',
    isFor: ({ scores }) => scores.length > 0,
    Body: Threshold,
  },
  { id: 'kept', title: 'Kept pairs', short: 'Kept', isFor: ({ kept }) => kept.length > 0, Body: Kept },
  { id: 'hosts', title: 'Hosts', short: 'Hosts', isFor: ({ hosts }) => hosts.rows.length > 0, Body: Hosts },
  {
    id: 'permission',
    title: 'Permission and pages',
    short: 'Permission',
    isFor: hasPermission,
    Body: Permission,
  },
  {
    id: 'duplicates',
    title: 'Duplicates',
    short: 'Duplicates',
    isFor: ({ duplicates }) => duplicates.groups > 0,
    Body: Duplicates,
  },
  {
    id: 'shapes',
    title: 'Sizes, shapes, languages',
    short: 'Sizes',
    isFor: ({ candidates }) => candidates.kept > 0,
    Body: Shapes,
  },
  { id: 'words', title: 'Words', short: 'Words', isFor: ({ words }) => words.length > 0, Body: Words },
  {
    id: 'options',
    title: 'Options and model',
    short: 'Options',
    isFor: ({ options }) => options.length > 0,
    Body: Options,
  },
]

function hasPermission({ refusals, pages }: ReportData): boolean {
  return refusals.length + pages.decided > 0
}

function Kept({ report }: { readonly report: ReportData }) {
  return (
    <>
      <p class="lead">Some of the {amount(report.candidates.kept, 'pair')}, by chance.</p>
      <Gallery report={report} numbers={report.kept} label="Kept pairs" />
    </>
  )
}

/** The report: what was kept, what was not and why, on one long page. */
export function Report({ data: { report } }: { readonly data: PageData }) {
  if (report === null) return null
  const own = sections.filter((section) => section.isFor(report))
  return (
    <>
      <Summary report={report} />
      <nav class="contents" aria-label="On this page">
        {own.map(({ id, short }) => (
          <a key={id} href={`#${id}`}>
            {short}
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
