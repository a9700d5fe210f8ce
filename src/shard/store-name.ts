import { isPlainPath, type S3Location } from '../records/index.js'

/** The parts of a name in a store. One that could leave the store is a bug of the caller. */
export function checkedParts(name: string): string[] {
  if (!isPlainPath(name)) throw new RangeError(`not a name in a store: ${JSON.stringify(name)}`)
  return name.split('/')
}

export function keyOf(location: S3Location, name: string): string {
  checkedParts(name)
  return location.prefix + name
}
