import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { placeProblem, reportDocument, setReportAside } from '../../../src/report/index.js'
import { folderStore } from '../../../src/shard/index.js'
import { emptyReport } from '../../fixtures/report/report-data.js'
import { calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

async function place(text: string | null) {
  const dir = await tempFolder()
  const path = join(dir, 'report.html')
  if (text !== null) await writeFile(path, text)
  return { store: folderStore(dir), path }
}

describe('a report that is set aside', () => {
  it('leaves in its place one that shows nothing and says what writes it', async () => {
    const named = { ...emptyReport, dataset: { ...emptyReport.dataset, place: 'of-somebody' } }
    const html = await reportDocument(named)
    expect(html).toContain('of-somebody')
    const { store, path } = await place(html)
    expect(await setReportAside(store, calm)).toBe('aside')
    const left = await readFile(path, 'utf8')
    expect(left).not.toContain('of-somebody')
    expect(left).toContain('pairmill report')
    // The one in its place says that one is due, and may be replaced.
    expect(await setReportAside(store, calm)).toBe('aside')
    expect(await placeProblem(path)).toBeNull()
  })

  it('is none where there was none, and none is made', async () => {
    const { store, path } = await place(null)
    expect(await setReportAside(store, calm)).toBe('none')
    await expect(readFile(path)).rejects.toThrow('ENOENT')
  })

  it.each(['', '<!doctype html>\nmy own page'])('is not a page of somebody else: %j', async (text) => {
    const { store, path } = await place(text)
    expect(await setReportAside(store, calm)).toBe('foreign')
    expect(await readFile(path, 'utf8')).toBe(text)
  })
})
