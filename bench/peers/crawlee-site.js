/**
 * Crawls the bench's site with Crawlee's CheerioCrawler: follows every link on the site, writes the image/alt
 * pairs of each page. Arguments: OUTPUT.jsonl CONCURRENCY memory|disk START_URL...
 */
import { createWriteStream } from 'node:fs'
import { CheerioCrawler, Configuration, log } from '@crawlee/cheerio'

const [output, concurrency, storage, ...start] = process.argv.slice(2)
const pairsOut = createWriteStream(output)
log.setLevel(log.LEVELS.WARNING)

const crawler = new CheerioCrawler(
  {
    minConcurrency: Number(concurrency),
    maxConcurrency: Number(concurrency),
    respectRobotsTxtFile: true,
    useSessionPool: false,
    persistCookiesPerSession: false,
    async requestHandler({ $, request, enqueueLinks }) {
      const pairs = []
      for (const image of $('img')) {
        const { src, alt } = image.attribs
        if (src && alt) pairs.push([new URL(src, request.loadedUrl).href, alt])
      }
      pairsOut.write(`${JSON.stringify({ page: request.url, pairs })}\n`)
      await enqueueLinks({ strategy: 'same-hostname' })
    },
  },
  new Configuration({ persistStorage: storage === 'disk' }),
)
await crawler.run(start)
pairsOut.end()
