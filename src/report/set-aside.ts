import { reportName, type Store } from '../shard/index.js'
import { documentMark, isReport } from './document.js'

/** Stands where a report was that may show what is taken back, until one is written anew. It is a report to who looks for one, and shows nothing. */
const standIn = `${documentMark}<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>pairmill report</title>
</head>
<body>
<p>Something was taken back from this dataset, and its report was not written anew yet. <code>pairmill report</code> does that.</p>
</body>
</html>
`

/** Takes the report of a dataset out of sight. `foreign`: a file of that name is no report, and stays. */
export async function setReportAside(
  store: Store,
  signal: AbortSignal,
): Promise<'none' | 'foreign' | 'aside'> {
  const begin = await store.readRange(reportName, { offset: 0, size: documentMark.length }, signal)
  if (begin === null) return 'none'
  if (!isReport(begin)) return 'foreign'
  await store.putBytes(reportName, Buffer.from(standIn), { ifAbsent: false }, signal)
  return 'aside'
}
