import type { FunctionComponent } from 'preact'
import type { PageData } from '../page-data.js'
import { explorerViews } from './explore/views.js'
import { Report } from './report.js'

/** A tab of the page. Where only one is for its data, no tabs are shown. */
export interface View {
  /** In the address: `#/report`. Lower-case letters and hyphens. */
  readonly id: string
  readonly title: string
  isFor(data: PageData): boolean
  readonly Body: FunctionComponent<{ readonly data: PageData }>
}

/** In their order. */
export const views: readonly View[] = [
  { id: 'report', title: 'Report', isFor: ({ report }) => report !== null, Body: Report },
  ...explorerViews,
]
