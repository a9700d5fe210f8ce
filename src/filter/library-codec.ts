import { prepareImageLibrary } from './library.js'

// Whoever loads this has the library set up before the first image.
prepareImageLibrary()

export { decodeImage } from './image.js'
export { encodeStored } from './stored.js'
