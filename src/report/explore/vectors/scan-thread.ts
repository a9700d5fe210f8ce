import { parentPort } from 'node:worker_threads'
import { messageOf } from '../../../records/index.js'
import type { FromScanThread, ToScanThread } from './scan-messages.js'
import { ScanStore } from './scan-store.js'

const store = new ScanStore()

function answer(message: Exclude<ToScanThread, { kind: 'drop' }>): FromScanThread {
  const { id } = message
  try {
    switch (message.kind) {
      case 'load':
        store.load(message.file, message.vectors)
        return { id, kind: 'loaded' }
      case 'search':
        return { id, kind: 'hits', hits: store.search(message.query, message.most, message.exact) }
      case 'vector':
        return { id, kind: 'vector', vector: store.vector(message.file, message.row) }
    }
  } catch (error) {
    return { id, kind: 'failed', message: messageOf(error) }
  }
}

parentPort?.on('message', (message: ToScanThread) => {
  if (message.kind === 'drop') store.drop(message.file)
  else parentPort?.postMessage(answer(message))
})
