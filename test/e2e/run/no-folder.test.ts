import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newOut, pairmill, tempFolder } from '../../fixtures/run/pairmill.js'

const hasProc = process.platform === 'linux'
const why = hasProc ? '' : ' (skipped: needs /proc)'

describe.skipIf(!hasProc)(`a folder that cannot be made${why}`, { timeout: 60_000 }, () => {
  const run = ['run', 'http://127.0.0.1:1/', '--allow-private', '127.0.0.0/8', '--model', 'none']

  it.each(['/proc/x', '/proc/self/x/y', '/dev/null/x'])('is refused as --out %s, and named', async (out) => {
    const { code, stderr } = await pairmill([...run, '--out', out])
    expect([code, stderr]).toEqual([2, expect.stringContaining(`--out ${out} cannot be used as a folder`)])
  })

  it('is refused as the folder of a state, of a database and of models', async () => {
    const state = await pairmill([...run, '--out', 's3://bucket/x', '--backend', 'pglite:/proc/x'])
    expect([state.code, state.stderr]).toEqual([2, expect.stringContaining('--backend pglite:/proc/x')])
    const database = await pairmill([...run, '--out', newOut(), '--backend', 'pglite:/proc/x/y'])
    expect([database.code, database.stderr]).toEqual([
      2,
      expect.stringContaining('--backend pglite:/proc/x/y'),
    ])
    const words = [
      'run',
      ...run.slice(1, 4),
      '--out',
      join(tempFolder(), 'out'),
      '--model',
      'clip-vit-base-patch32',
    ]
    const models = await pairmill(words, { HF_HOME: '/proc/x' })
    expect([models.code, models.stderr]).toEqual([5, expect.stringContaining("'/proc/x'")])
  })
})
