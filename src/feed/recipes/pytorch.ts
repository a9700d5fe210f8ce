import type { Recipe, RecipeFacts } from './facts.js'
import { webdatasetLines } from './webdataset.js'

/** A loader of PyTorch over webdataset. Pure. */
export function pytorchRecipe(facts: RecipeFacts): Recipe {
  const [, ...pairs] = webdatasetLines(facts)
  return {
    consumer: 'pytorch',
    title: 'PyTorch',
    language: 'python',
    lines: [
      'import numpy as np',
      'import torch',
      'import webdataset as wds',
      '',
      '',
      'def pixels(image):',
      '    return torch.from_numpy(np.array(image.resize((224, 224)))).permute(2, 0, 1) / 255',
      '',
      ...pairs,
      'pairs = pairs.map_tuple(pixels, str)',
      `batches = torch.utils.data.DataLoader(pairs, batch_size=64, num_workers=${facts.workers})`,
    ],
    notes: [
      'It reads by webdataset: what is said there holds here too.',
      'pairmill_feed.py (pairmill feed --python) needs torch alone: each pair once with any number of workers, and a job goes on at any step.',
    ],
  }
}
