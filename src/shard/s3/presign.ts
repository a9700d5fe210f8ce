import { messageOf, parseS3Url } from '../../records/index.js'
import { S3Error } from './fault.js'
import { openLink, type S3Link, type S3Settings } from './link.js'
import { defaultPace } from './pace.js'
import { signedGetUrl } from './sign-url.js'

interface SignedUrls {
  /** One for each name. */
  readonly urls: readonly string[]
  /** When the credentials end that signed them, and they with them; null = not before their time. */
  readonly endsMs: number | null
}

/**
 * URLs by which anybody may get objects of a bucket for a while. They are signed here, and the first is tried. `message`: why there are none, for
 * people.
 */
export async function presignObjects(
  url: string,
  names: readonly string[],
  {
    settings,
    expiresS,
    nowMs,
  }: { readonly settings: S3Settings; readonly expiresS: number; readonly nowMs: number },
  signal: AbortSignal,
): Promise<SignedUrls | { readonly message: string }> {
  const location = parseS3Url(url)
  if ('problem' in location) return { message: location.problem }
  const link = await openLink(location, settings, defaultPace)
  try {
    const { credentials, region } = link.client.config
    const [{ accessKeyId, secretAccessKey, sessionToken, expiration }, signedFor] = await link.call(
      'finding credentials',
      () => Promise.all([credentials(), region()]),
      { signal, tries: 1 },
    )
    const signer = { accessKeyId, secretAccessKey, sessionToken: sessionToken ?? null, region: signedFor }
    const urls: string[] = []
    for (const name of names)
      urls.push(signedGetUrl(await objectUrl(link, name), signer, { nowMs, expiresS }))
    const [first] = urls
    const problem = first === undefined ? null : await refusalOf(first, signal)
    if (problem !== null) {
      const message = `${location.url}: a signed URL is answered with ${problem}. AWS_REGION must be that of the bucket (${signedFor} was taken), and the credentials must allow to read`
      return { message }
    }
    const ends = expiration?.getTime() ?? null
    return { urls, endsMs: ends !== null && ends < nowMs + expiresS * 1000 ? ends : null }
  } catch (error) {
    if (error instanceof S3Error) return { message: error.message }
    throw error
  } finally {
    link.client.destroy()
  }
}

/** As a request of the SDK names an object, by the rules of this endpoint: one is built, and not sent. */
async function objectUrl({ sdk, client, object }: S3Link, name: string): Promise<string> {
  const command = new sdk.GetObjectCommand(object(name))
  let built: string | null = null
  command.middlewareStack.add(
    () => async (args) => {
      built = urlOf(args.request)
      return { response: {}, output: { $metadata: {} } }
    },
    { step: 'build', priority: 'low', name: 'pairmillTakesUrl' },
  )
  await client.send(command)
  if (built === null) throw new Error(`the SDK built no request for ${name}`)
  return built
}

interface BuiltRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
}

function urlOf(request: unknown): string {
  const { protocol, hostname, port, path } = request as BuiltRequest
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`
}

const tryMs = 30_000

/** null = a byte of it was given. */
async function refusalOf(url: string, signal: AbortSignal): Promise<string | null> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(tryMs)])
  try {
    const answer = await fetch(url, { headers: { range: 'bytes=0-0' }, signal: bounded })
    await answer.body?.cancel()
    return answer.ok ? null : `HTTP ${answer.status}`
  } catch (error) {
    signal.throwIfAborted()
    return messageOf(error)
  }
}
