import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Files whose tests take longest where nothing else runs, the longest first. Most of it is waiting, for leases that end and servers that come
 * back: begun first, they wait while others work. What is not named follows, as Vitest has it.
 */
const longest = [
  // It measures what a call takes of the processor: nothing that other files left behind is collected meanwhile.
  'unit/crawl/hold',
  'e2e/package/installed',
  'e2e/fleet/chaos',
  'e2e/fleet/lost-server',
  'e2e/run/s3-run',
  'e2e/fleet/s3-fleet',
  'e2e/run/doubt',
  'e2e/docs/calls',
  'e2e/run/kill',
  'e2e/run/retract',
  'e2e/demo/training',
  'e2e/feed/open-clip',
  'e2e/feed/lines',
  'e2e/feed/s3',
  'e2e/docs/walk',
  'e2e/run/resume',
  'e2e/run/status',
  'e2e/run/render',
  'e2e/fleet/sources',
  'integration/crawl/render/lost-browser',
  'integration/crawl/sources/list-reader',
  'e2e/fleet/server-trouble',
  'e2e/fleet/forget',
  'e2e/fleet/fleet',
  'integration/crawl/render/ssrf',
  'e2e/cli/datasets',
  'e2e/demo/demo-run',
  'e2e/run/many-hosts',
  'e2e/run/real-pages',
  'e2e/run/strangers',
  'e2e/fleet/move',
  'e2e/fleet/backlog',
  'integration/curate/killed',
  'integration/shard/killed',
  'integration/crawl/render/render',
  'e2e/run/warc',
  'e2e/run/seeds',
  'integration/shard/s3-faults',
  'integration/curate/s3',
  'integration/crawl/behaviours',
  'fuzz/fuzz',
  'integration/backend/redis',
  'integration/backend/pglite',
  'integration/shard/s3-store',
  'integration/demo/shipped-model',
  'integration/backend/redis/claims',
  'fuzz/rules',
  'integration/backend/plans',
  'integration/backend/redis/outage',
]

const rank = ({ moduleId }: TestSpecification): number => {
  const at = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
  return at === -1 ? longest.length : at
}

/** Order of the files of each kind of tests: the longest first, so that all cores are busy until the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}
