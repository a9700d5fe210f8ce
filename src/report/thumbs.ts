import sharp from 'sharp'

// No picture is read twice.
sharp.cache(false)

/** Bytes of all pictures in a report, at most: as Base64 they are a third more, and 15 MB is what a file may have. */
export const mostPictureBytes = 8_000_000

const quality = 62

/** Pixels of the longer side, so that so many pictures take some megabytes: a picture of 160 has about 4 kB, one of 96 half of that. Pure. */
export function thumbSide(pictures: number): 160 | 128 | 96 {
  if (pictures <= 700) return 160
  return pictures <= 1_800 ? 128 : 96
}

/** A small picture as a `data:` address; null = it cannot be decoded. */
export async function thumbOf(bytes: Uint8Array, side: number): Promise<string | null> {
  try {
    const small = await sharp(bytes, { limitInputPixels: 100_000_000, failOn: 'none' })
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality, effort: 2 })
      .toBuffer()
    return `data:image/webp;base64,${small.toString('base64')}`
  } catch {
    // A dataset of somebody else may hold anything: its card says that there is no picture.
    return null
  }
}
