import { describe, expect, test } from 'vitest'
import { languageCode, languageDetector, languageVerdict } from '../../../src/filter/index.js'

const detector = await languageDetector()

describe('The language of a caption', () => {
  test.each([
    ['en', 'A black dog is running through the tall grass'],
    ['de', 'Ein Hund läuft über die Wiese'],
    ['fr', 'Un chien court dans le pré derrière la maison'],
    ['es', 'Vista de la catedral de Sevilla al atardecer'],
    ['it', 'Un cane corre nel prato davanti alla casa'],
    ['nl', 'Uitzicht op de grachten van Amsterdam'],
    ['pl', 'Widok na zamek w Krakowie'],
    ['ru', 'Чёрная собака бежит по высокой траве'],
    ['uk', 'Чорний пес біжить високою травою'],
    ['ja', '草原を走る犬'],
    ['zh', '一只狗在草地上奔跑'],
    ['ko', '풀밭을 달리는 개'],
    ['ar', 'كلب يركض على العشب'],
  ])('is %s: %s', (language, text) => {
    expect(detector.detect(text)).toEqual({ language, reliable: true })
  })

  test.each([
    '',
    'Pad Thai',
    'Kimchi',
    'Mont Blanc',
    'Sardine Spaghetti',
    'Sweet Potato Salad',
    'Show Mode Buttons',
    '12345',
    '🎉🎉🎉',
    'qwrtz',
  ])('is not told from %j', (text) => {
    expect(detector.detect(text)).toEqual({ language: 'und', reliable: false })
  })

  test('is only a reason to refuse where it is certain and not wanted', () => {
    expect(languageVerdict('de', ['en', 'fr'])).toBe('language')
    expect(languageVerdict('fr', ['en', 'fr'])).toBeNull()
    expect(languageVerdict('und', ['en'])).toBeNull()
    expect(languageVerdict('de', null)).toBeNull()
  })

  test('is named by any tag a user may give, or by none', () => {
    expect(languageCode('pt-BR', detector)).toBe('pt')
    expect(languageCode('EN_us', detector)).toBe('en')
    expect(languageCode('nb', detector)).toBe('no')
    expect(languageCode('id', detector)).toBe('ms')
    expect(languageCode('tlh', detector)).toBeNull()
    expect(detector.languages).toHaveLength(60)
  })
})
