/** A server that begins to answer and never ends: a head, 64 KiB, then silence. Says its port to its parent. */
import { createServer } from 'node:http'

const block = Buffer.alloc(64 * 1024, 'x')
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html', 'content-length': 5_000_000 })
  response.write(block)
})
server.listen(0, '127.0.0.1', () =>
  process.send?.(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
)
process.on('disconnect', () => process.exit(0))
