import { shownUrl } from './shown-url.js'

/** Where a store lies: every key is the prefix and a name. */
export interface S3Location {
  readonly bucket: string
  /** Ends with '/'; '' = the whole bucket. */
  readonly prefix: string
  /** `s3://bucket/prefix`, without a slash at its end. */
  readonly url: string
}

const scheme = 's3://'
/** 3 to 63 characters, as S3 has them for all buckets made since 2018. */
const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

export function isS3Url(text: string): boolean {
  return text.startsWith(scheme)
}

/** The prefix is taken as it is written: nothing in it is decoded. */
export function parseS3Url(text: string): S3Location | { readonly problem: string } {
  const expected = 'expected s3://BUCKET/PREFIX'
  if (!isS3Url(text)) return { problem: `${expected}, got '${shownUrl(text)}'` }
  const [bucket = '', ...rest] = text.slice(scheme.length).replace(/\/$/, '').split('/')
  if (!bucketPattern.test(bucket)) {
    return {
      problem: `${expected}; '${shownUrl(bucket)}' cannot name a bucket (3 to 63 lower-case letters, digits, dots and hyphens)`,
    }
  }
  const prefix = rest.join('/')
  if (prefix === '') return { bucket, prefix, url: `${scheme}${bucket}` }
  if (!isPlainPath(prefix)) {
    const shown = shownUrl(`${scheme}${bucket}/${prefix}`).slice(`${scheme}${bucket}/`.length)
    return {
      problem: `${expected}; a prefix has no empty part, '.', '..' or backslash, got '${shown}'`,
    }
  }
  return { bucket, prefix: `${prefix}/`, url: `${scheme}${bucket}/${prefix}` }
}

/** Whether a name of parts between slashes leads nowhere but down. */
export function isPlainPath(name: string): boolean {
  return !name.split('/').some((part) => part === '' || part === '.' || part === '..' || part.includes('\\'))
}
