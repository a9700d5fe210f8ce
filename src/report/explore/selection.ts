import { z } from 'zod'
import { type SelectionForm, type SelectionWish, selectionForms } from './explore-data.js'

const mostSelected = 200_000

export const selectionSchema: z.ZodType<SelectionWish> = z.object({
  form: z.enum(selectionForms),
  uids: z.array(z.string().regex(/^[0-9a-f]{32}$/)).max(mostSelected),
})

export const selectionFiles: Readonly<Record<SelectionForm, string>> = {
  uids: 'uids.txt',
  retract: 'retract.txt',
}

/** A selection as the command reads it that it is for: each uid once, in their order. Pure. */
export function selectionText({ form, uids }: SelectionWish): string {
  const lines = [...new Set(uids)].sort()
  return lines.map((uid) => (form === 'uids' ? `${uid}\n` : `uid:${uid}\n`)).join('')
}
