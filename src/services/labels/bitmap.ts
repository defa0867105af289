import { crc32, deflateSync } from 'node:zlib'

/** A picture of black and white pixels, one bit each. */
export interface Bitmap {
  readonly width: number
  readonly height: number
  /** Paints a rectangle black. */
  fill(x: number, y: number, width: number, height: number): void
  /**
   * As a PNG that says how large it is (ISO/IEC 15948: greyscale of one bit, chunk pHYs), so that it is printed at
   * the size it was drawn for.
   */
  toPng(pixelsPerMetre: number): Buffer
}

export function makeBitmap(width: number, height: number): Bitmap {
  /** Each line begins with its filter, which is none; a set bit is white. */
  const lineBytes = 1 + Math.ceil(width / 8)
  const bytes = Buffer.alloc(lineBytes * height, 0xff)
  for (let y = 0; y < height; y++) bytes[y * lineBytes] = 0

  function blacken(x: number, y: number): void {
    const at = y * lineBytes + 1 + (x >> 3)
    bytes[at] = bytes[at]! & ~(0x80 >> (x & 7))
  }

  return {
    width,
    height,

    fill(left, top, across, down) {
      for (let y = top; y < top + down; y++) {
        for (let x = left; x < left + across; x++) blacken(x, y)
      }
    },

    toPng(pixelsPerMetre) {
      const header = Buffer.alloc(13)
      header.writeUInt32BE(width, 0)
      header.writeUInt32BE(height, 4)
      header[8] = 1
      const density = Buffer.alloc(9)
      density.writeUInt32BE(pixelsPerMetre, 0)
      density.writeUInt32BE(pixelsPerMetre, 4)
      density[8] = 1
      return Buffer.concat([
        signature,
        chunk('IHDR', header),
        chunk('pHYs', density),
        chunk('IDAT', deflateSync(bytes)),
        chunk('IEND', Buffer.alloc(0)),
      ])
    },
  }
}

const signature = Buffer.from('89504e470d0a1a0a', 'hex')

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
