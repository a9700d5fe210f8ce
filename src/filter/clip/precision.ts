/** Numbers that the halves of a model are kept and computed in. */
export const precisions = ['fp32', 'int8'] as const
export type Precision = (typeof precisions)[number]

/** Halves of a model that come in several precisions, a file each. */
export type ModelHalf = 'vision' | 'text'
const halves = ['vision', 'text'] as const

/** What the names of files end with in each precision, as the hub's repositories have them, best first. */
const endings: Readonly<Record<Precision, readonly string[]>> = {
  fp32: [''],
  int8: ['_quantized', '_int8', '_uint8'],
}

/** Names under which a half may lie in a model's folder, best first: flat before the hub's layout. Pure. */
export function halfNames(half: ModelHalf, precision: Precision): string[] {
  return endings[precision].flatMap((ending) => {
    const name = `${half}_model${ending}.onnx`
    return [name, `onnx/${name}`]
  })
}

type HalvesChoice =
  | { readonly kind: 'files'; readonly vision: string; readonly text: string }
  /** `name`: of the file that is missing, the best one of those that would do. */
  | { readonly kind: 'missing'; readonly half: ModelHalf; readonly name: string }
  /** Both halves are there, though not both in the precision that was asked for. */
  | { readonly kind: 'other'; readonly has: Readonly<Record<ModelHalf, readonly Precision[]>> }

/**
 * Files of both halves in the precision that is asked for; null = fp32, and for a half that has none int8. `isThere`: whether a folder has a file of
 * that name. Pure.
 */
export function chooseHalves(isThere: (name: string) => boolean, precision: Precision | null): HalvesChoice {
  const fileOf = (half: ModelHalf, one: Precision) => halfNames(half, one).find(isThere)
  const wanted = precision === null ? precisions : [precision]
  const [vision, text] = halves.map((half) =>
    wanted.map((one) => fileOf(half, one)).find((name) => name !== undefined),
  )
  if (vision !== undefined && text !== undefined) return { kind: 'files', vision, text }
  const has = (half: ModelHalf) => precisions.filter((one) => fileOf(half, one) !== undefined)
  const absent = halves.find((half) => has(half).length === 0)
  if (absent === undefined) return { kind: 'other', has: { vision: has('vision'), text: has('text') } }
  return { kind: 'missing', half: absent, name: halfNames(absent, wanted[0] ?? 'fp32')[0] ?? '' }
}

/** Why a model cannot be had in a precision, for people. Pure. */
export function precisionRefusal(
  given: string,
  precision: Precision,
  has: Readonly<Record<ModelHalf, readonly Precision[]>>,
): string {
  const [vision, text] = halves.map((half) => has[half].join(' and '))
  const what = vision === text ? vision : `${vision} of its vision half and ${text} of its text half`
  const names = halves.map((half) => halfNames(half, precision)[0]).join(' and ')
  return `--precision ${precision}: the model ${given} has ${what}, and not ${names}. Leave the option out, or give a model that has it.`
}
