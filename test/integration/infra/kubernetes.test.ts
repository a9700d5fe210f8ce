import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { addressVerdict } from '../../../src/net/address.js'
import {
  compose,
  deployments,
  infraFiles,
  kustomization,
  manifests,
  root,
  type Tree,
  textOf,
} from '../../fixtures/infra/manifests.js'
import { lets, podOf } from '../../fixtures/infra/policies.js'

const byKind = (kind: string) => manifests.filter((one) => one.kind === kind)
const secretNamed = (name: string): Tree =>
  byKind('Secret').find(({ metadata }) => metadata.name === name) ?? { stringData: {} }
/** Bytes of a quantity such as 4Gi or 512Mi. */
function bytesOf(quantity: string): number {
  const [, n = '', unit = ''] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? []
  expect(unit, quantity).not.toBe('')
  return Number(n) * (unit === 'Gi' ? 2 ** 30 : 2 ** 20)
}

describe('the manifests of Kubernetes', () => {
  test('are all applied', () => {
    const files = infraFiles.filter((name) => name.startsWith('kubernetes/') && name.endsWith('.yaml'))
    const applied = ['kustomization.yaml', ...kustomization.resources].map((name) => `kubernetes/${name}`)
    expect([...files].sort()).toEqual(applied.sort())
  })

  test('name settings, secrets and targets that are there', () => {
    const names = (kind: string) => byKind(kind).map(({ metadata }) => metadata.name)
    for (const { spec, metadata } of [...deployments, ...byKind('StatefulSet')]) {
      expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels)
      for (const from of spec.template.spec.containers[0].envFrom ?? []) {
        if (from.configMapRef) expect(names('ConfigMap')).toContain(from.configMapRef.name)
        if (from.secretRef) expect(names('Secret')).toContain(from.secretRef.name)
      }
      for (const { name, valueFrom } of spec.template.spec.containers[0].env ?? []) {
        expect(Object.keys(secretNamed(valueFrom.secretKeyRef.name).stringData), name).toContain(
          valueFrom.secretKeyRef.key,
        )
      }
      const { containers, volumes = [] } = spec.template.spec
      const claims = (spec.volumeClaimTemplates ?? []).map((claim: Tree) => claim.metadata.name)
      const mounted = containers[0].volumeMounts.map(({ name }: Tree) => name).sort()
      expect(mounted, metadata.name).toEqual([...volumes.map(({ name }: Tree) => name), ...claims].sort())
    }
    for (const { spec } of byKind('HorizontalPodAutoscaler')) {
      const target = deployments.find(({ metadata }) => metadata.name === spec.scaleTargetRef.name)
      expect(target.spec.template.spec.containers[0].resources.requests.cpu).toBeDefined()
      // A number here would undo the autoscaler's at every apply.
      expect(target.spec.replicas).toBeUndefined()
    }
    const { stringData } = secretNamed('redis-credentials')
    expect(names('Service')).toContain(new URL(stringData.PAIRMILL_BACKEND).hostname)
  })

  test('run nothing as root, and leave workers time to finish what is under way', () => {
    for (const { spec } of [...deployments, ...byKind('StatefulSet')]) {
      const pod = spec.template.spec
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(pod.containers[0].securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60)
    }
    for (const { metadata, spec } of deployments) {
      const seconds = Number.parseInt(compose.services[metadata.name].stop_grace_period, 10)
      expect(spec.template.spec.terminationGracePeriodSeconds).toBe(seconds)
    }
  })
})

describe('passwords', () => {
  test('stand in Secrets alone, and that of Redis is the one that workers give', () => {
    const { REDISCLI_AUTH, PAIRMILL_BACKEND } = secretNamed('redis-credentials').stringData
    expect(new URL(PAIRMILL_BACKEND).password).toBe(REDISCLI_AUTH)
    const others = manifests.filter(({ kind }) => kind !== 'Secret')
    expect(JSON.stringify(others)).not.toContain(REDISCLI_AUTH)
    for (const { spec } of deployments) {
      const { env } = spec.template.spec.containers[0]
      expect(env.map(({ name }: Tree) => name)).toEqual(['PAIRMILL_BACKEND'])
    }
  })
})

describe('what pods are given', () => {
  test('Redis is promised all that it may take, and the double of its maxmemory', () => {
    const [redis] = byKind('StatefulSet').map(({ spec }) => spec.template.spec.containers[0])
    expect(redis.resources.requests).toEqual(redis.resources.limits)
    const max = /^(\d+)gb$/.exec(redis.args[redis.args.indexOf('--maxmemory') + 1])!
    expect(bytesOf(redis.resources.limits.memory)).toBeGreaterThanOrEqual(2 * Number(max[1]) * 2 ** 30)
  })

  test('scratch has a size, and workers may fill what they have', () => {
    for (const { metadata, spec } of deployments) {
      const { volumes, containers } = spec.template.spec
      const sizes = volumes.map(({ emptyDir }: Tree) => bytesOf(emptyDir.sizeLimit))
      const { requests, limits } = containers[0].resources
      const all = sizes.reduce((sum: number, size: number) => sum + size, 0)
      expect(bytesOf(limits['ephemeral-storage']), metadata.name).toBeGreaterThan(all)
      expect(bytesOf(requests['ephemeral-storage'])).toBeLessThanOrEqual(bytesOf(limits['ephemeral-storage']))
    }
  })

  test('pods of one kind are spread over nodes, and a drain leaves a shard worker', () => {
    for (const { metadata, spec } of deployments) {
      const [spread] = spec.template.spec.topologySpreadConstraints
      expect(spread, metadata.name).toMatchObject({ maxSkew: 1, topologyKey: 'kubernetes.io/hostname' })
      expect(spread.labelSelector).toEqual(spec.selector)
    }
    const [budget, ...more] = byKind('PodDisruptionBudget')
    const shard = deployments.find(({ metadata }) => metadata.name === 'shard')
    expect(more).toEqual([])
    expect(budget.spec.selector).toEqual(shard.spec.selector)
    expect(shard.spec.replicas).toBeGreaterThan(budget.spec.minAvailable)
  })
})

describe('the network', () => {
  const workers = deployments.map(({ metadata }): string => metadata.name)
  const prometheus = podOf('prometheus', 'monitoring')
  const dns = podOf('kube-dns', 'kube-system')
  const web = ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c']
  const inside = [
    ...['169.254.169.254', '168.63.129.16', 'fd00:ec2::254', 'fe80::a9fe:a9fe'],
    ...['10.244.1.7', '10.96.0.1', '172.20.3.4', '192.168.49.2', '100.96.0.9', 'fd12::7'],
  ]

  test('lets workers and nobody else to Redis, and Redis to nobody', () => {
    const redis = podOf('redis')
    for (const worker of workers) {
      expect(lets('in', redis, podOf(worker), 6379)).toBe(true)
      expect(lets('out', podOf(worker), redis, 6379)).toBe(true)
      expect(lets('in', redis, podOf(worker, 'elsewhere'), 6379)).toBe(false)
    }
    for (const other of [podOf('other'), podOf('redis'), prometheus, dns, { address: '10.244.1.7' }]) {
      expect(lets('in', redis, other, 6379)).toBe(false)
    }
    expect(lets('out', redis, { address: web[0]! }, 443)).toBe(false)
  })

  test('lets Prometheus and nobody else to metrics', () => {
    for (const worker of workers) {
      expect(lets('in', podOf(worker), prometheus, 9464)).toBe(true)
      expect(lets('in', podOf(worker), prometheus, 22)).toBe(false)
      for (const other of [podOf('grafana', 'monitoring'), podOf('prometheus'), podOf(worker)]) {
        expect(lets('in', podOf(worker), other, 9464)).toBe(false)
      }
    }
  })

  test.each(workers)('lets %s pods to the web and to names, not to what is inside', (worker) => {
    const pod = podOf(worker)
    for (const address of web) expect(lets('out', pod, { address }, 8080), address).toBe(true)
    for (const address of inside) expect(lets('out', pod, { address }, 80), address).toBe(false)
    for (const protocol of ['TCP', 'UDP'] as const) expect(lets('out', pod, dns, 53, protocol)).toBe(true)
    expect(lets('out', pod, dns, 80)).toBe(false)
    expect(lets('out', pod, podOf('other', 'elsewhere'), 80)).toBe(false)
  })

  test('forbids no address that a worker would dial', () => {
    const forbidden = byKind('NetworkPolicy')
      .flatMap(({ spec }) => spec.egress ?? [])
      .flatMap(({ to }: Tree) => to.flatMap(({ ipBlock }: Tree) => ipBlock?.except ?? []))
    expect(forbidden.length).toBeGreaterThan(5)
    for (const network of forbidden) {
      expect(addressVerdict(network.split('/')[0], []).allowed, network).toBe(false)
    }
    for (const address of inside) expect(addressVerdict(address, []).allowed, address).toBe(false)
  })
})

const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore', timeout: 10_000 })
    return true
  } catch {
    return false
  }
})()

const why = hasKubectl ? '' : ' (skipped: there is no kubectl here)'
const built = (folder: string): string =>
  execFileSync('kubectl', ['kustomize', join(root, folder)], { encoding: 'utf8', timeout: 60_000 })

test.skipIf(!hasKubectl)(`kustomize builds the manifests, with the image’s name put in${why}`, () => {
  const text = built('infra/kubernetes')
  expect(text).toContain('image: registry.example.com/pairmill:0.1.0')
  expect(text.match(/namespace: pairmill/g)!.length).toBeGreaterThanOrEqual(manifests.length - 1)
})

test.skipIf(!hasKubectl)(`kustomize takes away what would contend with KEDA${why}`, () => {
  const all: Tree[] = parseAllDocuments(built('infra/keda')).map((document) => document.toJS())
  const kinds = all.map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'ScaledObject')).toHaveLength(deployments.length)
  expect(kinds).not.toContain('HorizontalPodAutoscaler')
  expect(all.filter(({ kind }) => kind === 'Deployment').map(({ spec }) => spec.replicas)).toEqual(
    deployments.map(() => undefined),
  )
})

test('runs are told to render nothing where the pods’ profile forbids it', () => {
  const { spec } = deployments.find(({ metadata }) => metadata.name === 'crawl')
  expect(spec.template.spec.securityContext.seccompProfile.type).toBe('RuntimeDefault')
  expect(textOf('infra/README.md')).toMatch(/exec deploy\/crawl -- pairmill crawl .*--render never$/m)
})
