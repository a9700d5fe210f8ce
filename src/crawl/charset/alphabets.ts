/** Letters beyond ASCII that a language is written with, the usual ones first. */
export interface Alphabet {
  readonly letters: string
  /** Whether it is written with ASCII letters too; else words hold none. */
  readonly isLatin: boolean
}

const latin = (letters: string): Alphabet => ({ letters, isLatin: true })
const other = (letters: string): Alphabet => ({ letters, isLatin: false })

const western: readonly Alphabet[] = [
  latin('éèàêçôîùâûœëïüæ'),
  latin('üäöß'),
  latin('óíáéñúü'),
  latin('ãçáéíóêõúâàôü'),
  latin('èàòùìéóî'),
  latin('ëéïèöüóêá'),
  latin('äåöéü'),
  latin('øåæéöäü'),
  latin('áíéöæóúðþý'),
  latin('àóèéíçòïúü'),
]
const central: readonly Alphabet[] = [
  latin('ąęłóśżćńź'),
  latin('áíéýěřčžůšúťďňóöü'),
  latin('áíéýčžšúťľôňďóäŕĺ'),
  latin('áéöóőíüúű'),
  latin('ăîâşţ'),
  latin('čšžćđ'),
]
const baltic: readonly Alphabet[] = [latin('ėšžųąįūčę'), latin('āēīšūņļžķģč'), latin('äõüöšž')]
const cyrillic: readonly Alphabet[] = [
  other('оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё'),
  other('оанивіетрслкудмпзяьбгчйхжюцшїєфщґ'),
  other('аеиотнрсвлкдпмзугяъбчцжхщшюйфь'),
  other('аиоенрсјтуквдмплзгбчшцњжћхљђфџѓќѕ'),
  other('аніоеытрслкўдмпузябьгйчхцшжюфёэ'),
]
const greek = other('αοιετσνηυρπκμλςωίάόδγέχήύθφώβξζψϊϋΐΰ')
const hebrew = other('יוהלאתרבמשנכדעפחקסגטזםצןךףץװױײְֱֲֳִֵֶַָֹֻּׁׂ')
const arabic = other('ايلمنروتبةعدسفهكقأحجشطصخإىضذثزءغئظؤآًٌٍَُِّْپچژگکی')
const thai = other('านรอกเงมยลวดทตสปบ่้ิีัแหุ็คพชูขใะำไโจผถึืซฟธศ์ภณญฐษฉ')
const turkish = latin('ışğüçöâî')
/** Windows-1258 writes tones as marks of their own. */
const vietnamese = latin('đàáâãèéêìíòóôõùúýăơư\u0300\u0301\u0303\u0309\u0323')

/**
 * Encodings of single bytes that nobody may have declared, each with the languages that are written in it. Of equals the first is meant.
 * Those of which another one has all letters in the same places are left out.
 */
export const singleByteLanguages: readonly (readonly [encoding: string, readonly Alphabet[]])[] = [
  ['windows-1252', western],
  ['windows-1251', cyrillic],
  ['koi8-u', cyrillic],
  ['iso-8859-5', cyrillic],
  ['ibm866', cyrillic],
  ['x-mac-cyrillic', cyrillic],
  ['windows-1250', central],
  ['iso-8859-2', central],
  ['windows-1254', [turkish]],
  ['windows-1253', [greek]],
  ['iso-8859-7', [greek]],
  ['windows-1255', [hebrew]],
  ['windows-1256', [arabic]],
  ['iso-8859-6', [arabic]],
  ['windows-874', [thai]],
  ['windows-1257', baltic],
  ['windows-1258', [vietnamese]],
]

/** Characters that half of any Chinese text consists of. */
const simplified =
  '的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市路车站图片城景花园古港湖江河桥风光馆展区街建筑'
const traditional =
  '的一是不了在人有我他這中大來上國個到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可她里後小麼心多天而能好都然沒日於起還發成事只作當想看文無開手十用主行方又如前所本見經頭面公同三已老從動兩長知樣現分將外但身些與高意進把法此實回二理美點月明其種聲全工己話者向情部正名定女問力機給等幾很業最間新什打便位因重被走電四第門相次東政海口使教西再平真聽世氣信北少關並內加化由卻代軍產入先山五太水萬市路車站圖片城景花園古港湖江河橋風光館展區街建築'
const kanji =
  '日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入選立開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強気小七成期公野協取都和統以機平総加山思家話世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済書府活原先共得解名交資予川向際査勝面委告軍文反元重近千考判認画海参売利組知案道信策集在件団別物側任引使求所次水半品昨論計死官増寺庭園桜花鳥風湖古城橋港町'
const hangul =
  '이다는의에을가고하지를은기사한로도서어리자아들시대인나그해일있수게것정보전제부니과여만스유주인상구장원오무성국라마거안면산동문비신조중경공진년연화세미실방위생모관당학소우용발계음물더와으로강회선내저적개통분행교체했되던될등명명간할없까때두말백천양영호바카타파하집길차트레드르크터프테키포토코디라델블슐항구옛사진봄꽃바다풍경역'

/** Encoding of double bytes that nobody may have declared. */
export interface DoubleByteLanguage {
  readonly encoding: string
  /** The most usual ideographs or syllables of its language. */
  readonly usual: string
  /** Where a standard put those in common use: the leads of their bytes in an encoding whose trails go up to FE. */
  readonly common: { readonly encoding: string; readonly leads: readonly [first: number, last: number] }
}

const commonKanji = { encoding: 'euc-jp', leads: [0xb0, 0xcf] } as const

export const doubleByteLanguages: readonly DoubleByteLanguage[] = [
  { encoding: 'shift_jis', usual: kanji, common: commonKanji },
  { encoding: 'euc-jp', usual: kanji, common: commonKanji },
  { encoding: 'gb18030', usual: simplified, common: { encoding: 'gb18030', leads: [0xb0, 0xd7] } },
  { encoding: 'big5', usual: traditional, common: { encoding: 'big5', leads: [0xa4, 0xc6] } },
  { encoding: 'euc-kr', usual: hangul, common: { encoding: 'euc-kr', leads: [0xb0, 0xc8] } },
]
