import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  compose,
  deployments,
  infraFiles,
  kustomization,
  manifests,
  root,
  type Tree,
} from '../../fixtures/infra/manifests.js'

describe('the manifests of Kubernetes', () => {
  const byKind = (kind: string) => manifests.filter((one) => one.kind === kind)

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
    const [{ data }] = byKind('ConfigMap')
    expect(byKind('Service').map(({ metadata }) => metadata.name)).toContain(
      new URL(data.PAIRMILL_BACKEND).hostname,
    )
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

const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore', timeout: 10_000 })
    return true
  } catch {
    return false
  }
})()

test.skipIf(!hasKubectl)(
  `kustomize builds the manifests, with the image’s name put in${hasKubectl ? '' : ' (skipped: there is no kubectl here)'}`,
  () => {
    const built = execFileSync('kubectl', ['kustomize', join(root, 'infra/kubernetes')], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect(built).toContain('image: registry.example.com/pairmill:0.1.0')
    expect(built.match(/namespace: pairmill/g)!.length).toBeGreaterThanOrEqual(manifests.length - 1)
  },
)
