export { noModel } from './opening.js'
export { runPipeline } from './run.js'
export * from './run-types.js'
export { readStatus } from './status-file.js'
