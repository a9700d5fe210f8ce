const cr = 0x0d
const lf = 0x0a

/** Place behind the first empty line from `start` on, whichever line ends it and the line before it have; -1 = there is none. */
export function headEnd(bytes: Buffer, start = 0): number {
  for (let at = bytes.indexOf(lf, start); at >= 0; at = bytes.indexOf(lf, at + 1)) {
    if (bytes[at + 1] === lf) return at + 2
    if (bytes[at + 1] === cr && bytes[at + 2] === lf) return at + 3
  }
  return -1
}
