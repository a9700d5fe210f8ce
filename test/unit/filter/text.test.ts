import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  captionKey,
  captionVerdict,
  countColumns,
  countWords,
  normalizeCaption,
} from '../../../src/filter/index.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'

const verdict = (text: string) => captionVerdict(text, defaultFilterOptions)

const examples: Record<string, readonly string[]> = {
  caption_file_name: [
    'IMG_1234.JPG',
    'cross_graph.gif (11769 bytes)',
    'cross_screen.jpg (115155 bytes)',
    'stripchart_axis_config.gif (13222 bytes)',
    'DSC00012',
    'DSC_0012',
    'DSCN0441 copy',
    'P1010023',
    'PXL_20210304_101112131',
    'Screenshot 2021-03-04 at 10.22.11',
    'Screen Shot 2020-01-02 at 3.04.05 PM',
    'WhatsApp Image 2021-03-04 at 10.22.11',
    'holiday 3.JPG',
    'File:Scan 0012.jpg',
    'File:Old_Mill_Lane_4.jpg',
    'sunset.webp 1024x768',
    'site_banner_left',
    'home%20banner%202',
    '3f2504e0-4f89-11d3-9a0c-0305e82c3301',
    'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3',
    'black-and-white-cat-2',
    '/images/foo/bar',
    'C:\\fakepath\\scan',
    'Логотип.png',
  ],
  caption_url: [
    'https://example.com/a/b.html',
    'www.example.com',
    'example.com',
    'shop.example.co.uk/sale',
    'someone@example.org',
    'data:image/png;base64,iVBORw0KGgo=',
    '文曲星之家---星大陆http://berlin8.126.com',
    'see http://example.com/a/long/path/to/something',
  ],
  caption_placeholder: [
    'image',
    'Image 3',
    'LOGO',
    'logo',
    'photo',
    'screenShot',
    'Untitled',
    'untitled-1',
    'banner',
    'icon',
    'spacer',
    'Featured image',
    'No image available',
    'image not found',
    'Photo of',
    'Company logo',
    'View larger image',
    'enter image description here',
    'Click to enlarge',
    'undefined',
    'Bild',
    'Kein Bild vorhanden',
    'Logo der Webseite',
    'aucune image',
    'Sans titre',
    'imagen sin título',
    'immagine',
    'afbeelding 2',
    'zdjęcie',
    'изображение',
    'фото 1',
    'Без названия',
    '图片',
    '圖片',
    '点击查看大图',
    '画像',
    'ロゴ',
    '이미지',
    'รูปภาพ',
    'صورة',
    'εικόνα',
    'görsel',
    'Thumbnail for version as of 10:11, 2 March 2019',
    'Vorschaubild der Version vom 10:03, 3. Mai 2011',
    'Vignette pour la version du 3 mai 2011 à 10:03',
    'Miniatura della versione delle 10:03, 3 mag 2011',
    'Miniatura da versão das 10h03min de 3 de maio de 2011',
    'Miniaturka wersji z 12:03, 4 maj 2013',
    'Миниатюра для версии от 10:03, 3 мая 2011',
    'Náhled verze z 3. 5. 2011, 10:03',
    '2011年5月3日 (火) 10:03時点における版のサムネイル',
  ],
  caption_markup: [
    '<b>A red house</b> by the lake',
    'A red house &amp; a lake',
    'A red house&nbsp;by the lake',
    'It&#8217;s a red house',
    '{{ product.title }} in red',
    'Hello $' + '{name} there',
    '<%= image.alt %>',
    '[caption id="attachment_12"]A red house',
    'function (a) { return a; }',
    'alt="A red house" width="300"',
    '{"title": "A red house"}',
    '[object Object]',
    'A red house in Caf\ufffd Street',
    'Un cafÃ© Ã  Paris',
    'It\u00e2\u20ac\u2122s a red house',
    '*** === --- ***',
    '\ue001 \ue002 menu house',
  ],
  caption_short: ['a b', 'Cat', '犬', '犬 A'],
  caption_few_words: ['Bibimbap', 'Granite', '12345', '12 x 24', '$ 5,000 - 20%', '2021 05 12'],
  caption_long: ['a house '.repeat(126), 'a b '.repeat(230)],
}

describe('A caption', () => {
  for (const [reason, texts] of Object.entries(examples))
    test.each(texts)(`is refused as ${reason}: %s`, (text) => {
      expect(verdict(text)).toBe(reason)
    })

  test.each([
    'A blond woman in a blue shirt appears to wait for a ride .',
    'Apple Pie',
    'my holiday photo 3.JPG',
    'File:Apple pie.jpg',
    'Datei:Alte Mühle am Bach.png (2,1 MB)',
    'iPhone 12',
    'Boeing 747 at the gate',
    'Nike logo on a red shoe',
    'Miniature of 1420 from the verse chronicle of a monk',
    'The 1911 version of the old bridge',
    'Photo of a red house',
    'Wedding photography in Rome',
    'Sam Smith 1978',
    "Rock'n'roll night",
    'How to write <3 in a text',
    'AT&T tower in Nashville',
    'R&D lab; top view',
    'Photo by Anna, www.anna.example, of the old bridge over the river at night',
    '🎉 Party time 🎉',
    'São Paulo à noite',
    'SÃO PAULO VISTA DE CIMA',
    'Ein Hund läuft über die Wiese',
    '北京故宫的夜景',
    '苹果派',
    '草原を走る犬',
    '풀밭을 달리는 개',
    'สุนัขวิ่งบนสนามหญ้า',
    'كلب يركض على العشب',
    'Cumin and Sichuan peppercorn broccoli rabe',
    '文曲星NC3000',
  ])('is kept: %s', (text) => {
    expect(verdict(text)).toBeNull()
  })

  test('is measured against the limits it is given, both ends included', () => {
    const rules = { minChars: 1, maxChars: 10, minWords: 3, maxWords: 3 }
    expect(captionVerdict('ox ox', rules)).toBe('caption_few_words')
    expect(captionVerdict('ox ox ox', rules)).toBeNull()
    expect(captionVerdict('ox ox ox o', rules)).toBe('caption_long')
    expect(captionVerdict('ox ox oxen!', rules)).toBe('caption_long')
    expect(captionVerdict('𠀀𠀀𠀀𠀀𠀀𠀀', { ...rules, maxChars: 6 })).toBeNull()
    expect(captionVerdict('𠀀𠀀𠀀𠀀𠀀𠀀', { ...rules, maxChars: 5 })).toBe('caption_long')
  })

  test('is normalised the same way however often', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const once = normalizeCaption(text)
        expect(normalizeCaption(once)).toBe(once)
        expect(captionKey(captionKey(text))).toBe(captionKey(text))
      }),
    )
  })

  test('is judged the same with other white space, composition and zero-width characters', () => {
    expect(normalizeCaption(' A\u00a0red\t\n house\u200b ')).toBe('A red house')
    expect(normalizeCaption('Cafe\u0301')).toBe('Café')
    expect(verdict('\u200blogo\u200b')).toBe('caption_placeholder')
    expect(captionKey('ＡＢＣ  House')).toBe(captionKey('abc house'))
  })

  test.each([
    ['Version of 14:33, 21 November 2016', 'Version of 9:12, 3 May 2014'],
    ['Camera 12 of 40', 'Camera 7 of 40'],
    ['Stand vom 3. März 2011', 'Stand vom 14. Dez. 2020'],
    ['Lot 1,204', 'LOT 88'],
  ])('counts as the same text where only numbers or dates differ: %s, %s', (one, other) => {
    expect(captionKey(one)).toBe(captionKey(other))
    expect(captionKey(`${one} of the old mill`)).not.toBe(captionKey(one))
  })

  test('gets an answer of the closed set for any text, and in time that grows with its length only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const answer = verdict(text)
        expect(answer === null || answer in examples).toBe(true)
      }),
    )
    const patterns = [
      'a-',
      'a.',
      '<a ',
      '{"',
      'www.',
      '&a',
      '[[',
      '-1',
      'a_',
      '%d',
      '(1',
      'http://',
      '图',
      '[img',
      '{a:',
      'function ',
      'alt=',
    ]
    const started = process.cpuUsage().user
    for (const pattern of patterns)
      captionVerdict(pattern.repeat(20_000), { ...defaultFilterOptions, maxChars: 1e6 })
    expect((process.cpuUsage().user - started) / 1000).toBeLessThan(5000)
  })
})

describe('Words and columns', () => {
  test.each([
    ['a red house', 3],
    ['state-of-the-art lab', 2],
    ["rock'n'roll", 1],
    ['black/white', 2],
    ['北京故宫', 2],
    ['苹果派', 2],
    ['iPhone 12', 2],
    ['北京 Olympic stadium', 3],
    ['サッカーボール', 4],
    ['서울의 야경', 2],
    ['สุนัขวิ่งบนสนามหญ้า', 4],
    ['12 34', 0],
    ['', 0],
  ])('of %s are %i', (text, words) => {
    expect(countWords(text)).toBe(words)
  })

  test('count wide characters twice and marks not at all', () => {
    expect(countColumns('abc')).toBe(3)
    expect(countColumns('图片')).toBe(5)
    expect(countColumns('いぬ')).toBe(4)
    expect(countColumns('e\u0301')).toBe(1)
  })
})
