/** Run by the build: packs an empty database, so that no run has to create one. Done anew only when what it is made of has changed. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { openDatabase, packedDatabase, schemaDigest } from './thread.js'

const madeOf = new URL('empty.sha256', import.meta.url)
const digest = createHash('sha256').update(schemaDigest())
const engine = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
for (const file of [new URL('thread.js', import.meta.url), engine]) digest.update(readFileSync(file))
const wanted = digest.digest('hex')
const isThere = existsSync(packedDatabase) && existsSync(madeOf) && readFileSync(madeOf, 'utf8') === wanted
if (!isThere) {
  const db = await openDatabase('memory://')
  // Else whoever opens it has to do again what stands in its log.
  await db.exec('checkpoint')
  const packed = await db.dumpDataDir('gzip')
  writeFileSync(packedDatabase, Buffer.from(await packed.arrayBuffer()))
  writeFileSync(madeOf, wanted)
  await db.close()
}
