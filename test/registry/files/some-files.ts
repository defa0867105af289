import { crc32, deflateSync } from 'node:zlib'

/** An object of a PDF by its number: a dictionary, or a whole object. */
export type PdfObjects = Readonly<Record<number, string | Buffer>>

/** A document of one empty page, with more objects or others in their place. */
export function aPdf(objects: PdfObjects = {}, { trailer = '', after = '' } = {}): Buffer {
  const all: PdfObjects = {
    1: '<< /Type /Catalog /Pages 2 0 R >>',
    2: '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    3: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>',
    ...objects,
  }
  let body = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')
  const offsets = Object.entries(all).map(([number, object]) => {
    const offset = body.length
    body = Buffer.concat([
      body,
      Buffer.from(`${number} 0 obj\n`),
      Buffer.from(object),
      Buffer.from('\nendobj\n'),
    ])
    return `${number} 1\n${String(offset).padStart(10, '0')} 00000 n \n`
  })
  const size = Math.max(...Object.keys(all).map(Number)) + 1
  const end = `xref\n0 1\n0000000000 65535 f \n${offsets.join('')}trailer\n<< /Size ${size} /Root 1 0 R ${trailer} >>\nstartxref\n${body.length}\n%%EOF\n${after}`
  return Buffer.concat([body, Buffer.from(end)])
}

/** A stream object, as its dictionary's entries and its bytes. */
export function aStream(entries: string, bytes: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`<< ${entries} /Length ${bytes.length} >>\nstream\n`),
    bytes,
    Buffer.from('\nendstream'),
  ])
}

/** Objects packed into one stream (ISO 32000-2 §7.5.7). */
export function aPackedList(objects: PdfObjects, type = 'ObjStm'): Buffer {
  let index = ''
  let content = ''
  for (const [number, object] of Object.entries(objects)) {
    index += `${number} ${content.length} `
    content += `${object} `
  }
  const bytes = deflateSync(Buffer.from(index + content))
  const count = Object.keys(objects).length
  return aStream(`/Type /${type} /N ${count} /First ${index.length} /Filter /FlateDecode`, bytes)
}

export function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(named), 4)
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)])
}

export const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex')

export interface PngShape {
  readonly width: number
  readonly height: number
  readonly depth: number
  readonly colourType: number
  readonly interlace: number
}

export function pngHeader(shape: Partial<PngShape> = {}): Buffer {
  const { width = 3, height = 2, depth = 8, colourType = 2, interlace = 0 } = shape
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  data.set([depth, colourType, 0, 0, interlace], 8)
  return chunk('IHDR', data)
}

/** Three pixels by two, of 24 bits. */
export function aPng({
  pixels = Buffer.alloc(2 * (1 + 3 * 3)),
  more = [] as Buffer[],
} = {}): Buffer {
  return Buffer.concat([
    pngSignature,
    pngHeader(),
    ...more,
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function segment(code: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, code, 0, 0])
  head.writeUInt16BE(data.length + 2, 2)
  return Buffer.concat([head, data])
}

/** The segments of a small grey picture; its one scan has a stuffed byte and a restart in it. */
export function aJpeg({
  width = 8,
  height = 8,
  scans = 1,
  after = Buffer.alloc(0) as Buffer,
} = {}): Buffer {
  const size = Buffer.from([8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0])
  const scan = Buffer.concat([
    segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
    Buffer.from([0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]),
  ])
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1')),
    segment(0xdb, Buffer.alloc(65)),
    segment(0xc0, size),
    ...Array.from({ length: scans }, () => scan),
    Buffer.from([0xff, 0xd9]),
    after,
  ])
}
