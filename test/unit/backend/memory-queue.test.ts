import { memoryQueue } from '../../../src/backend/memory-queue.js'
import { queueConformance } from '../../contracts/backend/queue.js'

queueConformance('The memory of a process', async () => memoryQueue())
