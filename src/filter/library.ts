import { sharp } from './sharp.js'

/** Loaders of formats that are never decoded. Sniffing keeps them out already; this is the second lock. */
const blockedLoaders = [
  'VipsForeignLoadSvg',
  'VipsForeignLoadPdf',
  'VipsForeignLoadTiff',
  'VipsForeignLoadJp2k',
  'VipsForeignLoadJxl',
  'VipsForeignLoadFits',
  'VipsForeignLoadOpenexr',
  'VipsForeignLoadOpenslide',
  'VipsForeignLoadMagick',
  'VipsForeignLoadRad',
  'VipsForeignLoadPpm',
  'VipsForeignLoadAnalyze',
  'VipsForeignLoadMat',
  'VipsForeignLoadNifti',
  'VipsForeignLoadVips',
  'VipsForeignLoadCsv',
  'VipsForeignLoadMatrix',
  'VipsForeignLoadDcRaw',
]

/**
 * Sets the image library up for the whole process, before the first image. One thread an image:
 * the caller decodes several images at once instead (as many as there are cores, at most the size of libuv's pool:
 * UV_THREADPOOL_SIZE, 4 unless set), which does more images a second than several threads on one. No cache: no
 * image is read twice, and the cache would hold memory.
 */
export function prepareImageLibrary(): void {
  sharp.concurrency(1)
  sharp.cache(false)
  sharp.block({ operation: blockedLoaders })
}
