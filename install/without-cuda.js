/**
 * `preinstall` of this package. The install script of onnxruntime-node fetches CUDA libraries from a host of its own, 300 MB that
 * nothing here needs unless `--provider cuda` is asked for, and fails the whole installation where that host does not answer. It
 * asks for nothing where those files exist. npm runs the `preinstall` of every package before the `postinstall` of any, so this
 * puts a line of text where they would be. Whoever wants CUDA runs that script with ONNXRUNTIME_NODE_INSTALL=true, which replaces
 * them. Where scripts do not run at all (npm 12, --ignore-scripts), nothing is needed.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const text = 'Not installed: pairmill runs models on the CPU. ONNXRUNTIME_NODE_INSTALL=true fetches CUDA.\n'

/**
 * Stands in for each file that the script beside `metadata` would fetch on this platform, and is not there; answers their paths.
 * `metadata`: path of onnxruntime-node's script/install-metadata.js.
 */
export function standIn(metadata, platform) {
  const { requirements, manifests } = createRequire(metadata)(metadata)
  const files = (requirements[platform] ?? []).flatMap((name) =>
    Object.keys(manifests[`${platform}:${name}`]),
  )
  const missing = files
    .map((file) => join(metadata, '../../bin/napi-v6', platform, file))
    .filter((path) => !existsSync(path))
  for (const path of missing) writeFileSync(path, text)
  return missing
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const metadata = createRequire(import.meta.url).resolve('onnxruntime-node/script/install-metadata.js')
    standIn(metadata, `${process.platform}/${process.arch}`)
  } catch (error) {
    // The worst that can follow is what this avoids: the other script asks its host.
    console.error(`pairmill: onnxruntime-node may fetch CUDA libraries now (${error})`)
  }
}
