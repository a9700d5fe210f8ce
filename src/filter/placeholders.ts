import { menuTexts } from './menus.js'

/**
 * Words that say that there is an image, not what is on it. A caption made only of these is a placeholder:
 * at least one noun, and nothing but nouns, modifiers and glue ("featured image 3", "Logo der Webseite").
 */
const nouns = words(`
  image images img imgs pic pics pict picture pictures photo photos photograph photographs graphic graphics
  illustration figure fig logo logos logotype icon icons ico banner banners button btn arrow bullet spacer shim pixel
  placeholder thumbnail thumbnails thumb thumbs miniature miniaturansicht миниатюра avatar screenshot screenshots screencap screengrab snapshot capture
  slide slides slider slideshow carousel gallery header footer background bg divider separator untitled unnamed
  advertisement advert ad ads blank transparent loader spinner preview attachment jpg jpeg png gif svg webp bmp
  bild bilder foto fotos fotografie grafik abbildung symbolbild vorschaubild beitragsbild titelbild platzhalter bildschirmfoto
  photographie icône icone bannière banniere vignette visuel capture
  imagen imágenes imagenes fotografía fotografia logotipo icono miniatura captura
  immagine immagini icona segnaposto anteprima schermata
  imagem imagens ícone
  afbeelding afbeeldingen plaatje pictogram schermafbeelding
  zdjęcie zdjecie zdjęcia obraz obrazek grafika ikona miniaturka
  obrázek obrazky fotka snímek
  изображение изображения фото фотография картинка картинки рисунок логотип иконка баннер скриншот
  зображення картинка
  billede billeder bilde bildet bilder mynd myndir ljósmynd kuva kuvat kuvaa valokuva kép képek kepek fotó fotók fénykép fényképek pilt pildid pildi
  slika slike sliku fotografija fotografije obrázok obrázka obrázku obrázky fotografie snímky ilustrace ilustracja ilustracija
  nuotrauka nuotraukos nuotraukų paveikslėlis paveikslėlio paveikslas paveikslo vaizdas attēls attēla attēli attēlu bilde fotoattēls
  imaginea imagine imagini imaginii poză poze fotografia resim resmi görsel görseli fotoğraf fotoğrafı ikon simge
  снимка снимки изображения слика слике слики зображення
  εικόνα φωτογραφία λογότυπο
  صورة صور شعار أيقونة תמונה לוגו تصویر عکس لوگو
  चित्र छवि फोटो รูปภาพ รูป ภาพ โลโก้ ảnh gambar
  이미지 사진 로고 아이콘 배너 그림
  画像 写真 ロゴ アイコン バナー イメージ サムネイル 図
  图片 圖片 图像 圖像 照片 图标 圖標 标志 標誌 横幅 橫幅 缩略图 縮圖 图 圖 产品图片 商品图片 默认图片 配图 题图 插图 头像 二维码
`)

const modifiers = words(`
  main site website web page company brand product item featured feature hero cover post blog article news story
  default alt text description caption title small medium large larger big full size original high hd new left right top
  bottom center centre user profile member author home homepage click view enlarge zoom open close next previous prev
  play download share print search menu social media shop store no not available found missing coming soon here this
  screen shot sample example test demo loading lazy loaded inline body content generic stock responsive mobile desktop
  webseite seite écran pantalla keine kein vorschau site página pagina accueil sans titre aucune titolo senza nessuna sin título titulo sem
  нет без названия немає няма нема недоступно отсутствует 无 暂无 hình không chưa có
  brak brakuje bez chybí chýba nedostupný nedostupné nema nije dostupna ni nėra nincs elérhető ei ole saatavilla puudub pole saadaval yok bulunamadı mevcut değil
  fără lipsă geen beschikbaar ingen intet ikke tilgængelig tilgjengelig saknas engin główne główny hlavní hlavný główna úvodní úvodný
  version versie versión versione versão версии wersji as
  january february march april may june july august september october november december
  jan feb mar apr jun jul aug sep sept oct nov dec
  januar februar märz mai juni juli oktober dezember okt dez janvier février mars avril juin juillet août septembre octobre novembre décembre
  enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
  gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
  januari februari maart mei juli augustus janeiro fevereiro março maio junho julho setembro outubro novembro dezembro
`)

const glue = words(`
  of the a an for my our your to in on from with and or is der die das des dem den von vom zu zum zur im und le la les l
  du de d un une et pour par el los las del y il lo gli della di do da e van het een для от
`)

/** Whole texts, after the same folding, that a page shows in place of a description. */
const phrases = new Set(
  `
  enter image description here|image description|insert alt text here|alt text|alt|title|description|caption
  no photo description available|no alternative text description for this image|no description available
  click to enlarge|click here|click image to enlarge|click for larger image|read more|learn more|view more|see more
  show more|more info|details|open in new window|opens in a new tab|back to top|skip to content|scroll to top
  screen shot|home|homepage|home page|menu|close|search|next|previous|prev|back|forward|play|pause|download|share|print|email|e mail
  facebook|twitter|instagram|youtube|linkedin|pinterest|tiktok|whatsapp|telegram|rss|facebook icon|twitter icon
  instagram icon|youtube icon|linkedin icon|share on facebook|share on twitter|follow us on facebook
  follow us on twitter|pin it|tweet|like
  undefined|null|nan|none|true|false|n a|na|tbd|test|asdf|lorem ipsum|object object|empty|loading|please wait
  visit the post for more|read the post for more|related posts|related articles|recent posts|latest posts|latest news|popular posts
  about the author|about us|about me|contact us|follow us|share this|share this post|leave a comment|leave a reply|our sponsors|photo gallery|image gallery|enlarge
  powered by|powered by wordpress|google play|app store|creative commons license|paypal|visa|mastercard
  ohne titel|kontaktformular|datenschutz|datenschutzerklärung|öffnungszeiten|ansprechpartner|veranstaltungen|nutzungsbedingungen|inhaltsverzeichnis|vergrößern|bildergalerie|fotogalerie|kein bild|kein bild vorhanden|startseite|mehr erfahren|weiterlesen|zurück|suche|schließen
  sans titre|accueil|en savoir plus|lire la suite|rechercher|fermer
  sin título|sin titulo|inicio|leer más|más información|buscar|cerrar|senza titolo|leggi tutto|cerca|chiudi
  sem título|sem titulo|início|leia mais|bez názvu|bez tytułu|zonder titel|uten tittel|без названия|подробнее
  главная|поиск|읽어보기|더보기|로그인|회원가입|홈|검색|메뉴|공지사항|공지|문의|닫기|이전|다음|목록|상세보기|바로가기|배너|공유|댓글|장바구니|취소|확인|프린트|인쇄|확대
  会社概要|採用情報|戻る|次へ|前へ|地図|予約|電話|閉じる|拡大|共有|印刷|求人|会社|登録|会員|設定|無題|もっと見る|詳細|ホーム|検索|トップページ|首页|首頁|返回首页|回首页|返回|更多|查看更多|点击查看大图|点击放大
  登录|登陆|登錄|登入|注册|註冊|联系|聯繫|联系我们|关于|關於|关于我们|新闻|新聞|产品|產品|公司|下载|下載|分享|收藏|点赞|评论|評論|微信|微博|客服|购物车|購物車|用户|会员|會員|设置|菜单|导航|广告|廣告|详情|詳情|帮助|服务|案例|资讯|视频|論壇|论坛|博客|留言|打印|放大
  暂无图片|无标题|未命名|搜索|关闭|上一页|下一页
  `
    .split(/[|\n]/)
    .map((phrase) => phrase.trim())
    .filter((phrase) => phrase !== ''),
)

/** How wikis call the small pictures of a file's earlier states, beside date and time: the one word first, or the other. */
const small =
  '(?:thumb|miniat|vignette|vorschau|náhled|bélyegk|pikkukuva|umanjen|мініат|миниат|умањ|サムネイル|缩略|縮圖|縮略|섬네일|thu nhỏ|küçük resim)'
const state = '(?:vers|wersj|verz|változat|різнов|верс|верз|инач|phiên bản|sürüm|版|버전|판의)'
const timeOfDay = /\d[:.h時]\d\d/u
const pictureOfVersion = new RegExp(`^\\P{L}{0,9}${small}.{0,40}${state}.{0,30}$`, 'u')
const versionsPicture = new RegExp(`${state}.{0,40}${small}.{0,12}$`, 'u')

/** Whether a text says no more than that an image is there. Numbers and punctuation do not count. */
export function isPlaceholder(text: string): boolean {
  const folded = fold(text)
  if (folded === '') return false
  if (phrases.has(folded) || menuTexts.has(folded)) return true
  if (timeOfDay.test(text) && (pictureOfVersion.test(folded) || versionsPicture.test(folded))) return true
  const tokens = folded.split(' ')
  return (
    tokens.some((token) => nouns.has(token)) &&
    tokens.every((token) => nouns.has(token) || modifiers.has(token) || glue.has(token))
  )
}

/** Whether a word, folded as `isPlaceholder` folds, only says that there is a picture. */
export function saysNothing(word: string): boolean {
  return nouns.has(word) || glue.has(word)
}

/** camelCase opened, compatibility forms unified, lower-cased, only letters and their marks kept. */
function fold(text: string): string {
  return (
    text
      .normalize('NFKC')
      .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
      .toLowerCase()
      // The capital of the Turkish i.
      .replace(/i\u0307/g, 'i')
      .replace(/[^\p{L}\p{M}]+/gu, ' ')
      .trim()
  )
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/).filter((word) => word !== ''))
}
