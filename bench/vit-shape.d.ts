/** Sizes of a two-towered transformer with CLIP's interface. */
export interface Shape {
  readonly vision: {
    readonly width: number
    readonly heads: number
    readonly layers: number
    /** Pixels of each side of the input, a multiple of `patch`. */
    readonly side: number
    readonly patch: number
  }
  readonly text: {
    readonly width: number
    readonly heads: number
    readonly layers: number
    readonly vocabulary: number
    readonly positions: number
  }
  readonly embeddingDim: number
}
export const vitB32: Shape
export function writeVision(path: string, shape?: Shape): void
export function writeText(path: string, shape?: Shape, int8?: boolean): void
export function writeVitShape(dir: string, shape?: Shape, int8Text?: boolean): void
