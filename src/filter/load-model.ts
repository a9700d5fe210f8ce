import {
  type Clip,
  type HubFetch,
  type ModelError,
  openClip,
  type Precision,
  type Provider,
  resolveModel,
} from './clip/index.js'

/** Where models are had from. */
interface ModelSource {
  /** Model hub, without a slash at its end. */
  readonly hubUrl: string
  /** null = anonymous. */
  readonly hubToken: string | null
  /** Absolute folder in which fetched models are kept. */
  readonly cacheDir: string
}

/** Finds a model by name or folder, fetches what of it is not there, and starts it. `onProgress` gets a line for people. */
export async function loadModel(
  source: ModelSource,
  nameOrFolder: string,
  options: { readonly threads: number; readonly precision?: Precision | null; readonly provider?: Provider },
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<Clip | ModelError> {
  const files = await resolveModel(
    {
      hubUrl: source.hubUrl,
      token: source.hubToken,
      cacheDir: source.cacheDir,
      fetch: hubFetch,
      onProgress: ({ url, receivedBytes, totalBytes }) => {
        const total = totalBytes === null ? '' : ` of ${megabytes(totalBytes)}`
        onProgress(`fetching ${url}: ${megabytes(receivedBytes)}${total} MB`)
      },
    },
    nameOrFolder,
    options.precision ?? null,
    signal,
  )
  if (files.kind === 'model_error') return files
  return openClip(files, options, signal)
}

const hubFetch: HubFetch = (url, init) => globalThis.fetch(url, init)

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0)
