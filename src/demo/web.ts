import { type Catalogue, loadCatalogue } from './catalogue.js'
import { planHost } from './host.js'
import { createImages } from './images.js'
import type { DemoSize } from './options.js'
import { serve } from './server.js'
import { type HostPlan, truthOf } from './site.js'
import { type StyleName, styleNames } from './styles.js'
import type { Truth } from './truth.js'

export interface DemoOptions extends DemoSize {
  /** Loopback port; 0 = any free one. */
  readonly port: number
}

export const defaultDemoOptions: DemoOptions = {
  port: 0,
  seed: 'demo',
  styles: styleNames,
  picturesPerHost: 240,
}

export interface DemoWeb {
  readonly port: number
  /** The front page of every host. */
  readonly seeds: readonly string[]
  readonly hosts: readonly string[]
  /** What a client needs to reach the hosts, as curl writes it: every connection to the one loopback port. */
  readonly connectTo: string
  readonly truth: Truth
  /** Requests for what robots.txt forbids, so far. */
  forbiddenRequests(): number
  close(): Promise<void>
}

/** Plans the demo web without serving it: the same options give the same plan. */
export function planDemoWeb(
  catalogue: Catalogue,
  size: DemoSize,
): { hosts: readonly HostPlan[]; truth: Truth } {
  const drafts = size.styles.map((style: StyleName) => planHost(catalogue, style, size))
  return { hosts: drafts, truth: truthOf(drafts) }
}

/**
 * A small web on 127.0.0.1 with one host for every picture set: galleries, articles, and everything that makes a real web hard.
 * Ready when it resolves, after about two seconds of reading picture sets; `signal` ends it as `close` does.
 */
export async function startDemoWeb(options: DemoOptions, signal: AbortSignal): Promise<DemoWeb> {
  const catalogue = await loadCatalogue(signal)
  const { hosts, truth } = planDemoWeb(catalogue, options)
  const server = await serve(hosts, createImages(catalogue), options.port, signal)
  return {
    port: server.port,
    seeds: hosts.map((host) => `http://${host.host}/`),
    hosts: hosts.map((host) => host.host),
    connectTo: `::127.0.0.1:${server.port}`,
    truth,
    forbiddenRequests: server.forbiddenRequests,
    close: server.close,
  }
}
