/** Run by the build: packs an empty database, so that no run has to create one. Done anew only when what it is made of has changed. */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packFolder } from './packed-folder.js'
import { openDatabase, packedDatabase, schemaDigest } from './thread.js'

const madeOf = new URL('empty.sha256', import.meta.url)
const digest = createHash('sha256').update(schemaDigest())
const engine = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
const own = ['thread.js', 'packed-folder.js', 'pack-empty.js'].map((file) => new URL(file, import.meta.url))
for (const file of [...own, engine]) digest.update(readFileSync(file))
const wanted = digest.digest('hex')
const isThere = existsSync(packedDatabase) && existsSync(madeOf) && readFileSync(madeOf, 'utf8') === wanted
if (!isThere) {
  const scratch = mkdtempSync(join(tmpdir(), 'pairmill-empty-'))
  try {
    await createEmpty(join(scratch, 'db'))
    writeFileSync(packedDatabase, packFolder(join(scratch, 'db')))
    writeFileSync(madeOf, wanted)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Closed in order, so that whoever opens it has nothing to do again of what stands in its log. */
async function createEmpty(dir: string): Promise<void> {
  // A segment of the log that is done with goes, in place of being kept for later ones.
  const db = await openDatabase(dir, ['wal_recycle=off'])
  // Half of the files are theirs, and no run creates a second database.
  await db.exec("update pg_database set datistemplate = false where datname in ('template0', 'template1')")
  for (const template of ['template1', 'template0']) await db.exec(`drop database ${template}`)
  // The segment that a checkpoint begins in stays: after the second one, it is one with hardly anything in it.
  for (let checkpoints = 0; checkpoints < 2; checkpoints++) {
    await db.exec('select pg_switch_wal()')
    await db.exec('checkpoint')
  }
  await db.close()
}
