import type { Backend } from '../backend.js'
import { unpackPages } from '../page-chunk.js'
import { flag, textsOf, wholeMs } from './replies.js'
import type { CallScript } from './scripts.js'

/** '<when> <chunk>' */
function rowsOf(text: string) {
  const end = text.indexOf(' ')
  return unpackPages(text.slice(end + 1), Number(text.slice(0, end)))
}

/** The page ledger on its way into the store. */
export function pageScripts(
  call: CallScript,
): Pick<
  Backend,
  'openPageFiles' | 'leasePageFile' | 'releasePageFile' | 'commitPageFile' | 'adoptPageFiles'
> {
  return {
    openPageFiles: async (run, closing) => {
      for (;;) {
        const [more, ...files] = textsOf(await call('open_page_files', [run, flag(closing)]))
        if (more === '0') return files.map(Number).toSorted((a, b) => a - b)
      }
    },
    leasePageFile: async ({ run, file, token, leaseMs, settleMs }) => {
      const wish = [run, file, token, wholeMs(leaseMs), wholeMs(settleMs)]
      const reply = textsOf(await call('lease_page_file', wish))
      const kind = reply.pop()
      if (kind === 'busy') return { kind, inMs: Number(reply[0]) }
      if (kind !== 'rows') return { kind: 'gone' }
      const closedAtMs = Number(reply.pop())
      return { kind, rows: reply.flatMap(rowsOf), closedAtMs }
    },
    releasePageFile: async ({ run, file, token }) =>
      void (await call('release_page_file', [run, file, token])),
    commitPageFile: async ({ run, file, token }) =>
      (await call('commit_page_file', [run, file, token])) === 1 ? 'committed' : 'lost',
    adoptPageFiles: async (run, last) => void (await call('adopt_page_files', [run, last])),
  }
}
