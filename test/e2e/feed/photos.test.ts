import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lacks } from '../../fixtures/docs/python.js'
import { because } from '../../fixtures/feed/pasted.js'
import { serveFolder } from '../../fixtures/feed/served.js'
import { beside, portOf, served } from '../../fixtures/feed/served-program.js'
import { keysOf } from '../../fixtures/feed/serving.js'
import { newOut, pairmill, tempFolder } from '../../fixtures/run/pairmill.js'

const photos = resolve(import.meta.dirname, '../../../../shared/data/flickr8k-test')
const lacking = existsSync(photos) ? lacks('torch, numpy, PIL') : 'needs ../shared/data'
const pictures = 160

/**
 * Trains on photos, and writes a checkpoint behind every step: keys, and the state behind them. It goes on at the one that is there. Behind `most` steps it
 * waits in the middle of an epoch.
 */
const training = `
import io, json, os, sys, torch, numpy
from PIL import Image
from torch.utils.data import DataLoader
from pairmill_feed import PairmillFeed

def thumbnail(image):
    small = Image.open(io.BytesIO(image)).convert('RGB').resize((32, 32))
    return torch.from_numpy(numpy.asarray(small).copy()).permute(2, 0, 1).float() / 255

def main():
    url, path, workers, most = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 5, 4), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(392, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    kept = torch.load(path) if os.path.exists(path) else {'keys': [], 'losses': [], 'feed': None}
    if 'model' in kept:
        model.load_state_dict(kept['model'])
    feed = PairmillFeed(url, rank=0, world=1, batch_size=8, decode=thumbnail, state=kept['feed'])
    loader = DataLoader(feed, batch_size=8, num_workers=workers, collate_fn=feed.collate)
    for step, batch in enumerate(loader):
        words = torch.tensor([[len(text.split()) / 20] for text in batch['caption']])
        loss = torch.nn.functional.mse_loss(model(batch['image']), words)
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        kept = {'keys': kept['keys'] + batch['key'], 'losses': kept['losses'] + [loss.item()],
                'feed': feed.state_after(batch), 'model': model.state_dict()}
        torch.save(kept, path + '.new')
        os.replace(path + '.new', path)
        if step + 1 == most:
            print('waiting', file=sys.stderr, flush=True)
            sys.stdin.readline()
    print(json.dumps({'keys': kept['keys'], 'losses': kept['losses'], 'epoch': kept['feed']['epoch']}))

if __name__ == '__main__':
    main()
`

interface Trained {
  readonly keys: readonly string[]
  readonly losses: readonly number[]
  readonly epoch: number
}

/** A dataset of photos that a web server on this machine has, from a list of their URLs. */
async function photosDataset(): Promise<string> {
  const captions = new Map<string, string>()
  for (const line of readFileSync(join(photos, 'captions.tsv'), 'utf8').trim().split('\n')) {
    const [name = '', caption = ''] = line.split('\t')
    if (captions.size < pictures && !captions.has(name)) captions.set(name, caption)
  }
  const url = await serveFolder(join(photos, 'images'))
  const list = join(tempFolder(), 'photos.jsonl')
  const rows = [...captions].map(([name, caption]) => JSON.stringify({ url: `${url}/${name}`, caption }))
  writeFileSync(list, rows.join('\n'))
  const out = newOut()
  const { code, stderr } = await pairmill([
    ...['images', list, '--out', out, '--shard-size', '40', '--delay-ms', '0', '--contact', 'me@example.com'],
    ...['--model', 'none', '--image-size', '128', '--allow-private', '127.0.0.0/8'],
  ])
  expect(code, stderr).toBe(0)
  return out
}

describe.skipIf(lacking !== null)(`a job on photos${because(lacking)}`, { timeout: 600_000 }, () => {
  it('that is killed, and its server too, goes on with other workers: no photo is lost or comes twice', async () => {
    const out = await photosDataset()
    const { running, url } = await served([out, '--port', '0'])
    const all = await keysOf(`${url}/epoch/0/00000-of-00001.tar`)
    expect(all.length).toBeGreaterThan(0.9 * pictures)
    const checkpoint = join(tempFolder(), 'checkpoint.pt')
    const steps = [5, 4]
    for (const [i, workers] of [2, 4].entries()) {
      const job = beside(training, url, checkpoint, String(workers), String(steps[i]))
      await job.waits
      await job.kill()
    }
    running.child.kill('SIGKILL')
    await running.ended
    await served([out, '--port', portOf(url)])
    const { keys, losses, epoch } = (await beside(training, url, checkpoint, '3', '0').ended) as Trained
    expect(keys).toEqual(all)
    expect(losses).toHaveLength(Math.ceil(all.length / 8))
    expect(losses.every(Number.isFinite)).toBe(true)
    expect(epoch).toBe(1)
  })
})
