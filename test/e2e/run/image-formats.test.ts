import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storedFormats } from '../../../src/records/index.js'
import { readShard } from '../../../src/shard/index.js'
import { entriesOf, newOut, pairmill, pairsOf, problemsOf } from '../../fixtures/run/pairmill.js'
import { takesSmall } from '../../fixtures/run/pictures.js'
import { serveTree } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const host = 'site.test'
let web: TestWeb
let wanted: string[]

beforeAll(async () => {
  web = await startTestWeb()
  wanted = await serveTree(web, host, 4, 900)
}, 60_000)
afterAll(() => web.close())

describe('a dataset whose images are stored as', { timeout: 300_000 }, () => {
  it.each(storedFormats)('%s has the members of a key sorted, and passes verify', async (format) => {
    const out = newOut()
    const { code } = await pairmill([
      ...['run', `http://${host}/`, '--out', out, '--model', 'none', '--dedupe', 'off'],
      ...['--batch-size', '4', '--shard-size', '5', '--delay-ms', '5', '--image-format', format],
      ...takesSmall,
      ...web.words,
    ])
    expect(code).toBe(0)
    expect(await pairsOf(out)).toEqual(wanted)

    for (const { files } of await entriesOf(out)) {
      const tar = files.find(({ name }) => name.endsWith('.tar'))!
      for await (const { files: members } of readShard(join(out, tar.name))) {
        expect([...members.keys()]).toEqual([format, 'json', 'txt'].sort())
        const { format: found } = await sharp(members.get(format)).metadata()
        expect(found).toBe(format === 'jpg' ? 'jpeg' : format)
      }
    }
    expect(await problemsOf(out)).toEqual([])
  })
})
