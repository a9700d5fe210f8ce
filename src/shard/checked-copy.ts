import type { ShardFile } from './entry.js'
import type { Report } from './problem.js'
import type { Store } from './store.js'
import { sumFile } from './summed-file.js'

/** A local copy of a file whose size and sums are as the entry says; otherwise the difference is reported. */
export async function checkedCopy(store: Store, file: ShardFile, report: Report, signal: AbortSignal) {
  const at = { file: file.name }
  const copy = await store.localCopy(file.name, signal)
  if (copy === null) {
    report('is missing', at)
    return null
  }
  const { size, sha256, md5 } = await sumFile(copy.path, ['sha256', 'md5'], signal)
  if (size !== file.size) report(`has ${size} bytes, its entry says ${file.size}`, at)
  else if (sha256 !== file.sha256) report('has another sha256 than its entry says', at)
  else if (file.md5 !== '' && md5 !== file.md5) report('has another md5 than its entry says', at)
  return copy
}
