export { charsetParameter, decodeHtml, decodingSteps } from './decode-html.js'
export { guessEncoding, wideEncoding } from './guess-encoding.js'
