/** `node bench/plain-files.js FOLDER`: a plain file server on a free port of 127.0.0.1, which it prints. `/a.tar,b.tar` is one behind the other. */
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const folder = process.argv[2] ?? '.'
const server = createServer(async (request, response) => {
  try {
    for (const name of (request.url ?? '/').slice(1).split(','))
      await pipeline(createReadStream(join(folder, name)), response, { end: false })
    response.end()
  } catch {
    response.destroy()
  }
})
server.listen(0, '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`),
)
