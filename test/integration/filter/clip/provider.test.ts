import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openClip } from '../../../../src/filter/clip/clip.js'
import { resolveModel } from '../../../../src/filter/clip/model.js'
import { cudaAdvice, isCudaFault, type Provider } from '../../../../src/filter/clip/provider.js'
import { smallModelFolder, smallShape } from '../../../fixtures/filter/clip/small-model.js'

const never = new AbortController().signal
const installScript = createRequire(import.meta.url).resolve('onnxruntime-node/script/install.js')
const cudaLibrary = join(
  dirname(installScript),
  `../bin/napi-v6/${process.platform}/${process.arch}/libonnxruntime_providers_cuda.so`,
)
// A line of text stands there where it is not installed.
const hasCuda = existsSync(cudaLibrary) && statSync(cudaLibrary).size > 1000

async function open(provider: Provider) {
  const deps = { cacheDir: '', hubUrl: '', token: null, fetch, onProgress: () => undefined }
  const files = await resolveModel(deps, smallModelFolder(), null, never)
  if (files.kind === 'model_error') throw new Error(files.message)
  return await openClip(files, { threads: 1, provider }, never)
}

describe('CUDA', () => {
  test.skipIf(hasCuda)(
    `where it is not installed is refused with the step that installs it and the way on without${hasCuda ? ' (skipped: it is installed here)' : ''}`,
    async () => {
      const refused = await open('cuda')
      if (!('kind' in refused)) throw new Error('the model was opened without CUDA')
      expect(refused.message).toContain('--provider cuda cannot be used')
      expect(refused.message).toContain('go on with --provider cpu')
      expect(refused.message).not.toContain('--model DIR')
      if (process.platform === 'linux' && process.arch === 'x64') {
        expect(refused.message).toContain(`ONNXRUNTIME_NODE_INSTALL=true node '${installScript}'`)
      }
    },
  )

  test.skipIf(!hasCuda)(
    `scores as the CPU does${hasCuda ? '' : ' (skipped: the CUDA libraries of the runtime are not installed)'}`,
    async () => {
      const [cpu, cuda] = await Promise.all([open('cpu'), open('cuda')])
      if ('kind' in cpu) throw new Error(cpu.message)
      if ('kind' in cuda) throw new Error(cuda.message)
      const pixels = new Uint8Array(smallShape.vision.side ** 2 * 3).map((_, i) => (i * 7) & 255)
      const pairs = [{ pixels, captions: ['a cat', 'two dogs'] }]
      const [one] = await cpu.score(pairs, never)
      const [other] = await cuda.score(pairs, never)
      await Promise.all([cpu.close(), cuda.close()])
      for (const [i, cosine] of one!.cosines.entries()) expect(other!.cosines[i]).toBeCloseTo(cosine, 3)
    },
  )

  test('is told to be elsewhere than on Linux on x64 only', () => {
    const advice = cudaAdvice('no such backend', { platform: 'darwin', arch: 'arm64' }, '/x/install.js')
    expect(advice).toMatch(/Linux on x64 only, and this is darwin on arm64.*--provider cpu/)
    expect(advice).not.toContain('install.js')
  })

  test('is at fault only where it was asked for and the reason speaks of it', () => {
    const reason = 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library'
    expect(isCudaFault('cuda', reason)).toBe(true)
    expect(isCudaFault('cuda', 'CUDNN failure 1000: CUDNN_STATUS_NOT_INITIALIZED')).toBe(true)
    expect(isCudaFault('cpu', reason)).toBe(false)
    expect(isCudaFault('cuda', 'Protobuf parsing failed.')).toBe(false)
  })
})
