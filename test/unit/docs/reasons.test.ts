import { join } from 'node:path'
import { expect, it } from 'vitest'
import { exitCodeHelp } from '../../../src/cli/exit-codes.js'
import {
  imageSkipExplanations,
  linkSkipExplanations,
  pageSkipExplanations,
  recordSkipExplanations,
  rejectExplanations,
  renderExplanations,
  rowSkipExplanations,
} from '../../../src/cli/reasons.js'
import { optOuts, type RejectReason, statusOf } from '../../../src/records/index.js'
import { root, table, tableBelow, withMade } from '../../fixtures/docs/pages.js'

const sections = [
  ['Pages left out', 'The page ledger has a row for each (`reason`).', pageSkipExplanations],
  [
    'Links left out',
    'Counted page by page: a link that stands on many is counted as often.',
    linkSkipExplanations,
  ],
  ['Images left out on their page', 'They are no candidates, and have no row.', imageSkipExplanations],
  ['Rows of lists left out', 'Each is named in `.pairmill/skipped-rows.jsonl`.', rowSkipExplanations],
  [
    'Records of archives left out',
    'What is broken is named in `.pairmill/skipped-rows.jsonl`; the rest is counted.',
    recordSkipExplanations,
  ],
  ['Renders that failed', 'The page is taken as it was fetched.', renderExplanations],
] as const

it('the page of reasons has every reason as the program explains it', async () => {
  const rejected = Object.entries(rejectExplanations).map(([reason, why]) => [
    `\`${reason}\``,
    why,
    `\`${statusOf(reason as RejectReason)}\``,
  ])
  const others = sections.map(([heading, what, explanations]) => {
    const rows = Object.entries(explanations).map(([reason, why]) => [`\`${reason}\``, why])
    return `## ${heading}\n\n${what}\n\n${table(['reason', 'why'], rows)}`
  })
  const candidates = `## Candidates rejected\n\nThe column \`error_message\`.\n\n${table(['reason', 'why', '`status`'], rejected)}`
  const made = [candidates, ...others].join('\n\n')
  const page = 'docs/reasons.md'
  await expect(withMade(page, 'src/cli/reasons.ts', made)).toMatchFileSnapshot(join(root, page))
})

it('the page of exit codes has every code as the help explains it', () => {
  const rows = tableBelow('docs/exit-codes.md', '# Exit codes').map(([code, meaning]) => [
    Number(code),
    meaning,
  ])
  expect(rows).toEqual(exitCodeHelp)
})

it('the page of permission has every opt-out', () => {
  const names = tableBelow('docs/permission.md', '## Opt-outs').map(([name = '']) => name.replaceAll('`', ''))
  expect(names).toEqual([...optOuts])
})
