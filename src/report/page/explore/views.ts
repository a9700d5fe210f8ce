import type { PageData } from '../../page-data.js'
import { DuplicatesView } from './duplicate-sets.js'
import { LiveView } from './live.js'
import { PairsView } from './pairs.js'
import { RejectedView } from './rejected.js'
import { ReportView } from './report-view.js'
import { SearchView } from './search.js'
import { SelectionView } from './selection.js'

const isFor = ({ explorer }: PageData): boolean => explorer !== null

/** Tabs of an explorer, in their order. */
export const explorerViews = [
  { id: 'search', title: 'Search', isFor, Body: SearchView },
  { id: 'pairs', title: 'Pairs', isFor, Body: PairsView },
  { id: 'rejected', title: 'Rejected', isFor, Body: RejectedView },
  { id: 'duplicates', title: 'Duplicates', isFor, Body: DuplicatesView },
  { id: 'selection', title: 'Selection', isFor, Body: SelectionView },
  {
    id: 'live',
    title: 'Live',
    isFor: ({ explorer }: PageData): boolean => explorer?.hasRun === true,
    Body: LiveView,
  },
  { id: 'figures', title: 'Report', isFor, Body: ReportView },
] as const
