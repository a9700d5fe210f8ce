/**
 * Uploads files to S3, one after another as a shard worker does, and prints how long that took in milliseconds.
 * Arguments: store|bare ENDPOINT BUCKET FOLDER. `store` is pairmill's own; `bare` reads each file whole and puts it in one request.
 */
import { link, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { s3Store } from '../dist/shard/index.js'

const [how, endpoint, bucket, folder] = process.argv.slice(2)
const never = new AbortController().signal
const scratchDir = `${folder}-scratch`
const names = (await readdir(folder)).sort()

async function upload() {
  if (how === 'bare') {
    const client = new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    })
    return async (name) => {
      const Body = await readFile(join(folder, name))
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: `bare/${name}`, Body }))
    }
  }
  const settings = { endpoint, region: null, pathStyle: null }
  const store = await s3Store({ url: `s3://${bucket}/store`, settings, scratchDir, access: 'write' }, never)
  if ('message' in store) throw new Error(store.message)
  return async (name) => {
    // The store takes the file away: it is given another name of it.
    const given = join(await store.scratch(), name)
    await link(join(folder, name), given)
    await store.putFile(name, given, { ifAbsent: false }, never)
  }
}

await mkdir(scratchDir, { recursive: true })
const put = await upload()
const start = performance.now()
for (const name of names) await put(name)
const tookMs = performance.now() - start
await rm(scratchDir, { recursive: true, force: true })
console.log(JSON.stringify({ tookMs }))
process.exit(0)
