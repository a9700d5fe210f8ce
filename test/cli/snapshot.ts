import type { RunSnapshot } from '../../src/workers/run-types.js'

/** A run in the middle of its work, with the given parts changed. */
export function snapshotOf(changes: Partial<RunSnapshot> = {}): RunSnapshot {
  return {
    v: 1,
    run: 'r1',
    state: 'running',
    pid: 4242,
    startedAt: '2026-01-02T03:04:05.000Z',
    updatedAt: '2026-01-02T03:05:19.000Z',
    elapsedMs: 74_000,
    counters: {
      pages: 312,
      page_bytes: 2_808_000,
      'page_skipped:robots': 7,
      'page_skipped:not_html': 2,
      images_seen: 4120,
      'image_skipped:no_caption': 1900,
      'image_skipped:data_url': 217,
      candidates: 2003,
      images_fetched: 1800,
      image_bytes: 241_000_000,
      'rejected:score_low': 412,
      'rejected:side_small': 150,
      'rejected:http_4xx': 150,
      'rejected:duplicate_near': 87,
      kept: 1204,
      shards: 4,
      'score:0.20': 12,
      'score:0.24': 100,
      'score:0.26': 300,
      'score:0.28': 700,
      'score:0.30': 500,
      'score:0.34': 4,
    },
    queues: { urls: 5120, hosts: 3, buffered: 12, batches: 2, unplanned: 204, plans: 1 },
    hosts: [
      { host: 'example.org', queued: 5000, pages: 300, nextFetchInMs: 640, failures: 0, robots: 'rules' },
      {
        host: 'images.example.org',
        queued: 120,
        pages: 12,
        nextFetchInMs: 0,
        failures: 2,
        robots: 'allow_all',
      },
    ],
    model: { id: 'clip-vit-base-patch32@fd6e1402/pre1', isClip: true, threshold: 0.28 },
    dataset: '/data/pairs',
    note: null,
    ...changes,
  }
}
