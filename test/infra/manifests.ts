import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'

export const root = resolve(import.meta.dirname, '../..')

/** A document as YAML has it: whatever is asked of it may be missing. */
// biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
export type Tree = any

export const infraFiles = readdirSync(join(root, 'infra'), { recursive: true, encoding: 'utf8' })

export const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Every document of a file; throws where it is no YAML, or a key stands twice. */
export function yamlOf(path: string): Tree[] {
  return parseAllDocuments(textOf(path), { merge: true }).map((document) => {
    const [wrong] = [...document.errors, ...document.warnings]
    if (wrong !== undefined) throw new Error(`${path}: ${wrong.message}`)
    return document.toJS()
  })
}

export const compose: Tree = yamlOf('infra/compose.yaml')[0]
export const kustomization: Tree = yamlOf('infra/kubernetes/kustomization.yaml')[0]
export const manifests: Tree[] = infraFiles
  .filter((name) => /^kubernetes\/(?!kustomization).*\.yaml$/.test(name))
  .flatMap((name) => yamlOf(`infra/${name}`))
export const deployments: Tree[] = manifests.filter(({ kind }) => kind === 'Deployment')
export const alerts: Tree[] = yamlOf('infra/prometheus/alerts.yml')[0].groups.flatMap(
  ({ rules }: Tree) => rules,
)

/** Words of every call of pairmill that a manifest makes. */
export function workerCalls(): { where: string; words: string[] }[] {
  const services = Object.entries<Tree>(compose.services).filter(([, { image }]) => image === 'pairmill')
  return [
    ...services.map(([name, { command }]) => ({ where: `compose ${name}`, words: command as string[] })),
    ...deployments.map(({ metadata, spec }) => ({
      where: `kubernetes ${metadata.name}`,
      words: spec.template.spec.containers[0].args as string[],
    })),
  ]
}

/** The selectors of a PromQL expression: each metric with the values that its labels are compared to. */
export function selectorsOf(expression: string): { metric: string; labels: Record<string, string[]> }[] {
  return [...expression.matchAll(/\b((?:pairmill|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, metric = '', matchers = '']) => ({
      metric,
      labels: Object.fromEntries(
        [...matchers.matchAll(/(\w+)\s*(?:=~|=)\s*"([^"]*)"/g)].map(([, label, values = '']) => [
          label,
          values.split('|'),
        ]),
      ),
    }),
  )
}
