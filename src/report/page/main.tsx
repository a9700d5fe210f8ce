import { render } from 'preact'
import type { PageData } from '../page-data.js'
import { App } from './app.js'

/** Written into the document by whoever made it. */
function givenData(): PageData {
  const text = document.getElementById('data')?.textContent ?? ''
  return JSON.parse(text) as PageData
}

const place = document.getElementById('page')
if (place !== null) {
  place.replaceChildren()
  render(<App data={givenData()} />, place)
}
