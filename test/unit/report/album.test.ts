import { describe, expect, it } from 'vitest'
import { shownOf } from '../../../src/report/cards.js'
import { jsonInHtml } from '../../../src/report/document.js'
import { Album, mostCardBytes } from '../../../src/report/gallery.js'

const shown = (key: string, caption = 'a mill') => shownOf({ key, caption, url: `https://a.test/${key}` })

describe('the cards of a report', () => {
  it('are found by the keys of their pairs', async () => {
    const album = new Album(2)
    await album.add(shown('000000'), null)
    await album.add(shown('000001'), null)
    expect(album.numbersOf(['000001', '000007', '000000'])).toEqual([1, 0])
  })

  it('take no more room than there is, however long and strange their texts are', async () => {
    const album = new Album(10_000)
    const numbers: (number | null)[] = []
    for (let n = 0; n < 2_000; n++) numbers.push(await album.add(shown(String(n), '<'.repeat(600)), null))
    expect(Buffer.byteLength(jsonInHtml(album.cards))).toBeLessThan(1.01 * mostCardBytes)
    expect(album.cards.length).toBeGreaterThan(400)
    expect(numbers.at(-1)).toBeNull()
    expect(album.numbersOf(['1999'])).toEqual([])
  })

  it('say that there is no picture where one cannot be decoded', async () => {
    const album = new Album(1)
    await album.add(shown('000000'), Buffer.from('no picture'))
    expect(album.cards[0]?.picture).toBeNull()
    expect(album.pictures).toEqual([])
  })
})
