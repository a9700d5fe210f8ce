import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf } from '../../fixtures/docs/blocks.js'
import { pythons } from '../../fixtures/docs/fates.js'
import { largeDataset } from '../../fixtures/feed/large-dataset.js'
import { lacksTorch } from '../../fixtures/feed/python.js'
import { beside, portOf, served } from '../../fixtures/feed/served-program.js'
import { answerTo, fetched, keysOf, textsIn } from '../../fixtures/feed/serving.js'
import { newOut, pairmill, tempFolder } from '../../fixtures/run/pairmill.js'
import { keepsAll, serveTree } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

/** Steps of a small model over some epochs; it waits behind the first one. Prints the keys of each epoch. */
const training = `
import json, sys, torch
from torch.utils.data import DataLoader
from pairmill_feed import PairmillFeed

def main():
    url, workers, epochs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    means = lambda image: torch.frombuffer(bytearray(image[-64:]), dtype=torch.uint8).float() / 255
    feed = PairmillFeed(url, rank=0, world=1, batch_size=4, decode=means)
    loader = DataLoader(feed, batch_size=4, num_workers=workers, collate_fn=feed.collate)
    model = torch.nn.Linear(64, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    epochs_read, waited = [], False
    for _ in range(epochs):
        keys = []
        for batch in loader:
            lengths = torch.tensor([[float(len(text))] for text in batch['caption']])
            loss = torch.nn.functional.mse_loss(model(batch['image']), lengths)
            optimizer.zero_grad(); loss.backward(); optimizer.step()
            keys += batch['key']
            if not waited:
                waited = True
                print('waiting', file=sys.stderr, flush=True)
                sys.stdin.readline()
        epochs_read.append(keys)
    assert torch.isfinite(loss)
    print(json.dumps(epochs_read))

if __name__ == '__main__':
    main()
`

describe('pairmill feed --serve', { timeout: 600_000 }, () => {
  it('serves what a condition and a caption ask for, and says by DuckDB what is wrong with one', async () => {
    const dir = newOut()
    await largeDataset(dir, 24)
    const { running, url, text } = await served([dir, '--port', '0'])
    expect(text).toContain('24 pairs an epoch')
    const whole = await fetched(`${url}/epoch/0/00000-of-00001.tar?caption=title`)
    const captions = [...textsIn(whole, 'txt').values()]
    const number = (text: string) => Number(text.split(' ')[1])
    expect(
      captions
        .filter((text) => text.startsWith('title'))
        .map(number)
        .every((n) => n % 2 === 1),
    ).toBe(true)
    expect(
      captions
        .filter((text) => text.startsWith('noise'))
        .map(number)
        .every((n) => n % 2 === 0),
    ).toBe(true)
    const where = encodeURIComponent("page_url like '%/1_'")
    const parts = await Promise.all(
      [0, 1, 2].map((rank) => fetched(`${url}/epoch/0/0000${rank}-of-00003.tar?where=${where}`)),
    )
    const numbers = parts.flatMap((part) => [...textsIn(part, 'txt').values()].map(number))
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, n) => 10 + n))
    const head = await answerTo(`${url}/epoch/0/0-of-1.tar?where=${where}`, { method: 'HEAD' })
    expect(head.headers['pairmill-samples']).toBe('10')
    const wrong = await answerTo(`${url}/epoch/0/0-of-1.tar?where=clip_scor`)
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('"clip_scor" not found')])
    const taken = await pairmill(['feed', dir, '--serve', '--port', portOf(url)])
    expect([taken.code, taken.stderr]).toEqual([
      1,
      expect.stringContaining(`port ${portOf(url)} cannot be had`),
    ])
    running.child.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
    expect(existsSync(join(dir, '.pairmill/feed'))).toBe(true)
  })

  it('names a folder that holds no dataset, and a call without one', async () => {
    const { code, stderr } = await pairmill(['feed', tempFolder(), '--serve', '--port', '0'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('holds no dataset')])
    expect((await pairmill(['feed'])).code).toBe(2)
    expect((await pairmill(['feed', '--python'])).stdout).toContain('class PairmillFeed(IterableDataset)')
  })

  it.skipIf(lacksTorch !== null)(
    `feeds a job on when the server was killed, with every pair once${lacksTorch ?? ''}`,
    async () => {
      const dir = newOut()
      await largeDataset(dir, 160)
      const { running, url } = await served([dir, '--port', '0'])
      const all = await keysOf(`${url}/epoch/0/00000-of-00001.tar`)
      const job = beside(training, url, '2', '1')
      await job.waits
      running.child.kill('SIGKILL')
      await running.ended
      await served([dir, '--port', portOf(url)])
      job.goOn()
      expect(await job.ended).toEqual([all])
    },
  )

  it.skipIf(lacksTorch !== null)(
    `trains while a run adds shards, which are the next epoch's, and while a host is taken back${lacksTorch ?? ''}`,
    async () => {
      const out = newOut()
      const words = (pages: number) => [
        ...['run', 'http://site.test/', '--out', out, '--shard-size', '10', '--batch-size', '4'],
        ...['--delay-ms', '0', '--max-pages', String(pages), ...keepsAll, ...web.words],
      ]
      expect((await pairmill(words(12))).code).toBe(0)
      const { url } = await served([out, '--port', '0'])
      const first = await keysOf(`${url}/epoch/0/00000-of-00001.tar`)
      const job = beside(training, url, '2', '2')
      await job.waits
      expect((await pairmill(words(24))).code).toBe(0)
      job.goOn()
      const epochs = (await job.ended) as string[][]
      expect(epochs[0]).toEqual(first)
      const second = await keysOf(`${url}/epoch/1/00000-of-00001.tar`)
      expect(epochs[1]).toEqual(second)
      expect(second.length).toBe(2 * first.length)

      const late = beside(training, url, '2', '2')
      await late.waits
      const record = JSON.parse(
        [...textsIn(await fetched(`${url}/epoch/0/0-of-1.tar`), 'json').values()].at(-1)!,
      )
      const page = (record as { page_url: string }).page_url
      const retracted = await pairmill(['retract', out, '--page', page, '--reason', 'asked to'])
      expect(retracted.code).toBe(0)
      const isGone = async () => !(await fetched(`${url}/epoch/2/0-of-1.tar`)).includes(page)
      await expect.poll(isGone, { timeout: 20_000 }).toBe(true)
      late.goOn()
      const [one = [], two = []] = (await late.ended) as string[][]
      expect(new Set(one).size).toBe(one.length)
      const left = await keysOf(`${url}/epoch/1/00000-of-00001.tar`)
      expect(two.toSorted()).toEqual(left.toSorted())
      const stays = new Set(left)
      expect(one.filter((key) => stays.has(key)).toSorted()).toEqual(
        first.filter((key) => stays.has(key)).toSorted(),
      )
    },
  )

  it.skipIf(lacksTorch !== null)(`runs the Python of its page${lacksTorch ?? ''}`, async () => {
    const dir = newOut()
    await largeDataset(dir, 24)
    const { url } = await served([dir, '--port', '0'])
    const [block] = blocksOf('docs/training.md').filter(({ lines }) =>
      lines.join().includes('import PairmillFeed'),
    )
    expect(pythons).not.toContain(block)
    const program = `${block?.lines.join('\n').replace('http://127.0.0.1:8000', url)}
print('{"epoch": %d, "pairs": %d}' % (state['epoch'], len(captions)))`
    const file = join(tempFolder(), 'train.py')
    writeFileSync(file, program)
    const run = beside(`exec(open(${JSON.stringify(file)}).read())`)
    expect(await run.ended).toMatchObject({ pairs: 8 })
  })
})

let web: TestWeb
beforeAll(async () => {
  web = await startTestWeb()
  await serveTree(web, 'site.test', 31, 0)
}, 60_000)
afterAll(() => web.close())
