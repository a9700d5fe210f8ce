import { describe, expect, it } from 'vitest'
import { lacks, python } from '../../fixtures/docs/python.js'
import { lacksPinned, pinnedWebdataset } from '../../fixtures/feed/pasted.js'
import { printed } from '../../fixtures/feed/python.js'
import { smallDataset } from '../../fixtures/shard/python-dataset.js'

const lacksPin = lacksPinned()
const lacksEnergon =
  lacks('megatron.energon') === null
    ? null
    : `${python} has no megatron-energon: name one that has by PAIRMILL_PYTHON`

const withPin = `
import sys, glob, json, hashlib
sys.path.insert(0, ${JSON.stringify(pinnedWebdataset)})
import webdataset as wds
paths = sorted(glob.glob(sys.argv[1] + '/*.tar'))
`

const withOldWebdataset = `${withPin}
print(json.dumps([{'key': s['__key__'], 'jpg': hashlib.sha256(s['jpg']).hexdigest(), 'txt': s['txt'].decode()}
                  for s in wds.WebDataset(paths, shardshuffle=False)]))
`

/** A caption by a key of KEY.json, as open_clip takes it: a text at the top of the record, and else nothing. */
const withTextKey = `${withPin}
def text(record, key):
    value = record.get(key)
    return value if isinstance(value, str) else ''
print(json.dumps([text(s['json'], 'caption_alt') for s in wds.WebDataset(paths, shardshuffle=False).decode()]))
`

/**
 * A cut by a list of uids, as DataComp's tools make it: a uid is two numbers of 64 bits, the list is a sorted array of such pairs, the
 * table of shards is sizes.json.
 */
const withUids = `${withPin}
import numpy as np
pair = np.dtype('u8,u8')
sizes = json.load(open(sys.argv[1] + '/sizes.json'))
samples = [s['json'] for s in wds.WebDataset([sys.argv[1] + '/' + name for name in sizes], shardshuffle=False).decode()]
assert sum(sizes.values()) == len(samples)
number = lambda uid: np.array([(int(uid[:16], 16), int(uid[16:32], 16))], pair)[0]
wanted = np.sort(np.array([number(s['uid']) for s in samples[::3]], pair))
def is_wanted(uid):
    at = np.searchsorted(wanted, number(uid))
    return at < len(wanted) and wanted[at] == number(uid)
print(json.dumps([[s['key'] for s in samples if is_wanted(s['uid'])], [s['key'] for s in samples[::3]]]))
`

const withEnergon = `
import sys, json
from megatron.energon import DefaultTaskEncoder, SampleDecoder, WorkerConfig, get_loader, get_train_dataset
class Encoder(DefaultTaskEncoder):
    decoder = SampleDecoder(image_decode='pil')
    def batch(self, samples): return samples
alone = WorkerConfig(rank=0, world_size=1, num_workers=0)
data = get_train_dataset(sys.argv[1], task_encoder=Encoder(), worker_config=alone, batch_size=1,
                         shuffle_buffer_size=None, max_samples_per_sequence=None, repeat=False)
read = [s for batch in get_loader(data) for s in batch]
print(json.dumps(sorted([s.__key__, s.caption, s.image.size[1], type(s).__name__] for s in read)))
`

describe.skipIf(lacksPin !== null)(
  `webdataset 0.2.86${lacksPin === null ? '' : ` (skipped: ${lacksPin})`}`,
  () => {
    it('streams the same samples', async () => {
      const { dir, samples } = await smallDataset()
      expect(await printed(withOldWebdataset, dir)).toEqual(samples)
    })

    it('gives the caption of one source by its key in the record', async () => {
      const { dir, samples } = await smallDataset()
      expect(await printed(withTextKey, dir)).toEqual(samples.map(({ txt }) => txt))
    })

    it('lets a list of uids cut the shards that sizes.json names', async () => {
      const { dir, samples } = await smallDataset()
      const third = samples.filter((_, i) => i % 3 === 0).map(({ key }) => key)
      expect(await printed(withUids, dir)).toEqual([third, third])
    })
  },
)

describe.skipIf(lacksEnergon !== null)(
  `Megatron-Energon${lacksEnergon === null ? '' : ` (skipped: ${lacksEnergon})`}`,
  () => {
    it('opens a dataset that nothing prepared, and reads pictures and captions', async () => {
      const { dir, samples } = await smallDataset()
      expect(await printed(withEnergon, dir)).toEqual(
        samples.map(({ key, txt }) => [key, txt, 12, 'CaptioningSample']),
      )
    }, 120_000)
  },
)
