import { expect, it } from 'vitest'
import type { Page } from '../../../src/crawl/index.js'
import { OutcomeBuffer } from '../../../src/workers/outcome-buffer.js'
import type { UrlVisited } from '../../../src/workers/url-outcome.js'

const url = { id: 1, url: 'http://a.test/', depth: 0, anchor: 'a.test', redirects: 0, attempts: 0 }
const back: UrlVisited = { url, outcome: { kind: 'back' }, atMs: 0 }
/** A page of nearly two megabytes, of which three are too many for one commit. */
const page: Page = {
  url: 'http://a.test/',
  status: 200,
  bytes: 9,
  title: null,
  language: null,
  links: Array.from({ length: 1_536 }, (_, i) => `http://a.test/${i}?${'x'.repeat(1_024)}`),
  linksClosed: 0,
  candidates: [],
  imagesSkipped: {},
  imagesSeen: 0,
  refusal: null,
}
const large: UrlVisited = { url, outcome: { kind: 'page', page }, atMs: 0 }

function bufferOf(...list: readonly UrlVisited[]) {
  const buffer = new OutcomeBuffer()
  for (const visited of list) buffer.add(visited)
  return buffer
}

it('outcomes are enough for a commit by their number', () => {
  const buffer = bufferOf(...Array(49).fill(back))
  expect(buffer.isFull).toBe(false)
  buffer.add(back)
  expect(buffer.isFull).toBe(true)
  expect(buffer.takeOfLarge()).toBeNull()
  expect(buffer.takeAll()).toHaveLength(50)
  expect([buffer.isFull, buffer.takeAll()]).toEqual([false, []])
})

it('or by what they gave; then each is taken alone until the rest is no longer large', () => {
  const buffer = bufferOf(large, back, large, large, back)
  expect(buffer.isFull).toBe(true)
  expect(buffer.takeOfLarge()).toBe(large)
  const taken = []
  for (let one = buffer.takeOfLarge(); one !== null; one = buffer.takeOfLarge()) taken.push(one)
  expect([taken.length + buffer.takeAll().length, buffer.isFull]).toEqual([4, false])
})

it('the only one is never taken apart from the rest, however large it is', () => {
  const buffer = bufferOf(large, large, large)
  while (buffer.takeOfLarge() !== null);
  expect(buffer.takeAll().length).toBeGreaterThan(0)
})
