import { afterAll, describe } from 'vitest'
import { storeConformance } from '../../contracts/store/conformance.js'
import { s3Bench } from '../../fixtures/s3/s3-stores.js'

const s3 = await s3Bench()
afterAll(() => s3.close())

describe.skipIf(s3.why !== '').each(['honouring', 'ignoring', 'refusing'] as const)(
  `an S3 store %s conditional writes${s3.why}`,
  (kind) => {
    storeConformance(() => s3.store({ kind }), kind === 'honouring')
  },
)
