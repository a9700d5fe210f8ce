import { z } from 'zod'
import type { Field } from './field.js'
import { rejectedPrefix } from './layout.js'
import type { DatasetSummary, Manifest } from './manifest.js'
import { sampleFields } from './sample-record.js'

/** Description of a dataset in Croissant 1.1 (mlcommons.org/croissant/1.1), which dataset searches and mlcroissant read. */
export function croissantOf(manifest: Manifest, summary: DatasetSummary, publishedAt: string): object {
  const image = manifest.format ?? 'jpg'
  const tars = croissantTars(manifest.shards)
  return {
    '@context': context,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.1',
    name: manifest.run.replaceAll(/[^\w-]+/g, '-'),
    description: `${summary.samples} pairs of images and the texts that stand beside them on the web, and ${summary.rows - summary.samples} rows of what was left out, harvested by pairmill.`,
    license: 'Images and texts belong to whoever published them; licence_url of a row is what its page says.',
    citeAs: `Image-text pairs harvested by pairmill, run ${manifest.run}`,
    creator: { '@type': 'sc:Organization', name: 'pairmill' },
    datePublished: publishedAt,
    version: '1.0.0',
    distribution: [
      ...tars,
      {
        ...fileSet('images', 'Images in the tars.', mimeTypes[image] ?? 'image/jpeg', [`*.${image}`]),
        containedIn: tars.map((tar) => ({ '@id': tar['@id'] })),
      },
      fileSet('ledger', 'A row for every candidate.', 'application/x-parquet', [
        '[0-9]*.parquet',
        'ledger*.parquet',
      ]),
    ],
    recordSet: [
      {
        '@type': 'cr:RecordSet',
        '@id': 'rows',
        name: 'rows',
        description: 'Every candidate: kept ones with their key, others with the reason in error_message.',
        field: sampleFields.flatMap(columnField),
      },
      {
        '@type': 'cr:RecordSet',
        '@id': 'samples',
        name: 'samples',
        description: 'The image of every kept pair, by its key.',
        field: [
          {
            '@type': 'cr:Field',
            '@id': 'samples/key',
            name: 'key',
            dataType: 'sc:Text',
            source: {
              fileSet: { '@id': 'images' },
              extract: { fileProperty: 'filename' },
              transform: { regex: `^(.+)\\.${image}$` },
            },
          },
          {
            '@type': 'cr:Field',
            '@id': 'samples/image',
            name: 'image',
            dataType: 'sc:ImageObject',
            source: { fileSet: { '@id': 'images' }, extract: { fileProperty: 'content' } },
          },
        ],
      },
    ],
  }
}

/** Lists and structs have no column that Croissant could name. */
function columnField([name, type]: Field): object[] {
  if (typeof type !== 'string') return []
  return [
    {
      '@type': 'cr:Field',
      '@id': `rows/${name}`,
      name,
      dataType: dataTypes[type],
      source: { fileSet: { '@id': 'ledger' }, extract: { column: name } },
    },
  ]
}

const dataTypes = { string: 'sc:Text', int: 'sc:Integer', double: 'sc:Float', time: 'sc:Date' } as const

export const fileObjectType = 'cr:FileObject'

const mimeTypes: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
}

/** Tars of shards, as the description has them. */
export function croissantTars(shards: Manifest['shards']) {
  return shards.flatMap(({ files }) =>
    files.filter(({ name }) => name.endsWith('.tar') && !name.startsWith(rejectedPrefix)).map(fileObject),
  )
}

const distributionSchema = z.object({
  '@type': z.string(),
  name: z.string(),
  contentSize: z.string().optional(),
  sha256: z.string().optional(),
})

/** The part of a description that says which files there are; all else is the same in every dataset. */
export const croissantSchema = z.object({ distribution: z.array(distributionSchema) })

/** A tar; readers look into what is listed with its sum alone. */
function fileObject({ name, size, sha256 }: Manifest['shards'][number]['files'][number]) {
  return {
    '@type': fileObjectType,
    '@id': name,
    name,
    contentUrl: name,
    contentSize: `${size} B`,
    encodingFormat: 'application/x-tar',
    sha256,
  }
}

/** `includes`: patterns, whose `*` holds slashes too. */
function fileSet(id: string, description: string, encodingFormat: string, includes: readonly string[]) {
  return { '@type': 'cr:FileSet', '@id': id, name: id, description, encodingFormat, includes }
}

/** The terms that the format prescribes. */
const context = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  arrayShape: 'cr:arrayShape',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  containedIn: 'cr:containedIn',
  cr: 'http://mlcommons.org/croissant/',
  rai: 'http://mlcommons.org/croissant/RAI/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileProperty: 'cr:fileProperty',
  fileObject: 'cr:fileObject',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isArray: 'cr:isArray',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  parentField: 'cr:parentField',
  path: 'cr:path',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
} as const
