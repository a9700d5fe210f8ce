/** An input or output of a model as the runtime describes it; a dimension by name is free. */
export interface Port {
  readonly name: string
  readonly type: string
  readonly shape: readonly (number | string)[]
}

export interface Signature {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
}

interface Wanted {
  readonly name: string
  readonly type: string
  readonly shape: readonly (number | string)[]
}

function shown(port: Wanted): string {
  return `${port.name} ${port.type} [${port.shape.join(', ')}]`
}

/** A free dimension fits whatever is wanted there; the first one, the batch, must be free. */
function fits(port: Port, wanted: Wanted): boolean {
  return (
    port.type === wanted.type &&
    typeof port.shape[0] === 'string' &&
    port.shape.length === wanted.shape.length &&
    port.shape.every(
      (d, i) => typeof d === 'string' || typeof wanted.shape[i] === 'string' || d === wanted.shape[i],
    )
  )
}

function fault(what: string, ports: readonly Port[], wanted: Wanted): string | null {
  const port = ports.find((p) => p.name === wanted.name)
  if (port !== undefined && fits(port, wanted)) return null
  const found = ports.map(shown).join(', ') || 'none'
  return `needs the ${what} ${shown(wanted)}, but its ${what}s are: ${found}`
}

function strangers(inputs: readonly Port[], known: readonly string[]): string | null {
  const strange = inputs.filter((i) => !known.includes(i.name))
  return strange.length === 0 ? null : `has inputs that CLIP's has not: ${strange.map(shown).join(', ')}`
}

/** Why a model cannot be the vision half for pictures of `side` pixels; null = it can. */
export function visionFault({ inputs, outputs }: Signature, side: number): string | null {
  return (
    fault('input', inputs, { name: 'pixel_values', type: 'float32', shape: ['N', 3, side, side] }) ??
    strangers(inputs, ['pixel_values']) ??
    fault('output', outputs, { name: 'image_embeds', type: 'float32', shape: ['N', 'D'] })
  )
}

/** Why a model cannot be the text half; null = it can. */
export function textFault({ inputs, outputs }: Signature): string | null {
  const mask: Wanted = { name: 'attention_mask', type: 'int64', shape: ['N', 'L'] }
  return (
    fault('input', inputs, { name: 'input_ids', type: 'int64', shape: ['N', 'L'] }) ??
    (inputs.some((i) => i.name === mask.name) ? fault('input', inputs, mask) : null) ??
    strangers(inputs, ['input_ids', 'attention_mask']) ??
    fault('output', outputs, { name: 'text_embeds', type: 'float32', shape: ['N', 'D'] })
  )
}

/** The fixed size of a port's dimension; null = free. */
export function fixedDim(ports: readonly Port[], name: string, axis: number): number | null {
  const dim = ports.find((p) => p.name === name)?.shape[axis]
  return typeof dim === 'number' ? dim : null
}
