import { createRequire } from 'node:module'

/** Hardware that a model is run on. */
const providers = ['cpu', 'cuda'] as const
export type Provider = (typeof providers)[number]

/** Words of the runtime's errors where the graphics card or its libraries fail, not the model's file. */
const ofCuda = /cuda|cudnn|cublas|curand|cufft|nvrtc|out of memory on device|backend not found/i

/** Whether a model that could not be run on CUDA failed for want of CUDA. Pure. */
export function isCudaFault(provider: Provider, reason: string): boolean {
  return provider === 'cuda' && ofCuda.test(reason)
}

/** Message about a fault of CUDA: how to install it, and how to go on without. `onnxruntime-node`'s package holds no CUDA libraries: a script of its own fetches them. */
export function cudaAdvice(
  reason: string,
  machine: { readonly platform: string; readonly arch: string },
  installScript: string,
): string {
  const goOn = 'or go on with --provider cpu'
  if (machine.platform !== 'linux' || machine.arch !== 'x64') {
    return `--provider cuda cannot be used: the runtime has CUDA for Linux on x64 only, and this is ${machine.platform} on ${machine.arch}. Use such a machine, ${goOn}.`
  }
  return (
    `--provider cuda cannot be used (${reason}). It needs a graphics card with its driver, CUDA 12 and cuDNN 9 where the loader finds them, ` +
    `and the runtime's CUDA libraries, which its package does not hold: fetch them once with ` +
    `ONNXRUNTIME_NODE_INSTALL=true node '${installScript}', ${goOn}.`
  )
}

export function cudaRefusal(reason: string): string {
  const installScript = createRequire(import.meta.url).resolve('onnxruntime-node/script/install.js')
  return cudaAdvice(reason, process, installScript)
}
