import { openDatabase } from './thread.js'

/** Run as a short-lived child: creating a database leaves hundreds of megabytes behind in the process that did it. */
const dir = process.argv[2]
if (dir === undefined) throw new Error('usage: create.js DIR')
// Its parent was killed: nobody will take what it makes.
process.once('disconnect', () => process.exit(1))
const db = await openDatabase(dir)
await db.close()
// Listening to the parent would keep it alive.
process.exit(0)
