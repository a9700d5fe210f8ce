import type { Catalogue, Subject } from './catalogue.js'
import type { Look, PictureFormat } from './picture.js'
import type { StyleName } from './styles.js'
import type { Access, Shown, Truth } from './truth.js'

/** What is answered for an image path. */
export type ImageFile =
  | {
      readonly kind: 'picture'
      readonly subject: string
      readonly look: Look
      /** Pixels of each side. */
      readonly side: number
      readonly format: PictureFormat
      /** Share of the bytes that are sent, 0..1; below 1 the file is cut off, its Content-Length with it. */
      readonly whole: number
    }
  | { readonly kind: 'sign'; readonly width: number; readonly height: number; readonly colour: string }
  /** A web page under the name of an image. */
  | { readonly kind: 'not_image' }

export interface PageFile {
  readonly body: Uint8Array
  readonly contentType: string
}

/** Everything that one host serves, by path (with its query). What is in no map is 404. */
export interface HostPlan {
  readonly host: string
  readonly style: StyleName
  readonly pages: ReadonlyMap<string, PageFile>
  readonly images: ReadonlyMap<string, ImageFile>
  /** Path to path, 301. */
  readonly redirects: ReadonlyMap<string, string>
}

/** The same host while it is being planned. */
export class HostDraft {
  readonly host: string
  readonly style: StyleName
  readonly pages = new Map<string, PageFile>()
  readonly images = new Map<string, ImageFile>()
  readonly redirects = new Map<string, string>()
  readonly shown = new Map<string, Shown>()
  readonly wanted = new Set<string>()

  constructor(host: string, style: StyleName) {
    this.host = host
    this.style = style
  }

  urlOf(path: string): string {
    return `http://${this.host}${path}`
  }

  /** Puts an image on the host and what it shows into the truth. The first access of a path stands. */
  show(
    path: string,
    file: ImageFile | null,
    subject: Subject,
    access: Access,
    alsoRight: readonly string[] = [],
  ): void {
    if (file !== null && !this.images.has(path)) this.images.set(path, file)
    const url = this.urlOf(path)
    const before = this.shown.get(url)
    this.shown.set(url, {
      picture: this.pictureOf(subject),
      name: subject.name,
      access: before?.access ?? access,
      alsoRight: [...(before?.alsoRight ?? []), ...alsoRight],
    })
  }

  want(subject: Subject): void {
    this.wanted.add(this.pictureOf(subject))
  }

  page(path: string, html: string): void {
    this.pages.set(path, { body: Buffer.from(html, 'utf8'), contentType: 'text/html; charset=utf-8' })
  }

  private pictureOf(subject: Subject): string {
    return `${this.style}/${subject.id}`
  }
}

export function truthOf(drafts: readonly HostDraft[]): Truth {
  return {
    shown: new Map(drafts.flatMap((draft) => [...draft.shown])),
    wanted: new Set(drafts.flatMap((draft) => [...draft.wanted])),
  }
}

/** The subjects that a style draws, in the catalogue's order. */
export function drawnIn(catalogue: Catalogue, style: StyleName): Subject[] {
  const drawings = catalogue.drawings.get(style)
  return catalogue.subjects.filter((subject) => drawings?.has(subject.id) ?? false)
}
