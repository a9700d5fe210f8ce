import { memoryBells } from '../../../src/backend/memory-queue.js'
import { bellConformance } from '../../contracts/backend/bells.js'

bellConformance('The memory of a process', async () => memoryBells())
