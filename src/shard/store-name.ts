/** The parts of a name in a store. One that could leave the store is a bug of the caller. */
export function checkedParts(name: string): string[] {
  const parts = name.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\\'))) {
    throw new RangeError(`not a name in a store: ${JSON.stringify(name)}`)
  }
  return parts
}
