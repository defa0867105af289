import { createRequire } from 'node:module'
import jsqr from 'jsqr'

/** Reads labels as a scanner and a printer would: from the pixels and the shapes of the finished image. */

interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Buffer
}

/** The reader of PNG that comes with `qrcode`; it brings no types. */
const { PNG } = createRequire(import.meta.url)('pngjs') as {
  PNG: { sync: { read(png: Buffer): Picture } }
}

export function readPng(png: Buffer): Picture {
  return PNG.sync.read(png)
}

/** What the symbol in a picture says. */
export function scan({ data, width, height }: Picture): string | undefined {
  return jsqr.default(Uint8ClampedArray.from(data), width, height)?.data
}

const scale = 4

/** Paints the bars of an SVG label as its path names them. */
export function paintSvg(svg: string): Picture {
  const [, across = '', down = ''] = /viewBox="0 0 (\d+) ([\d.]+)"/.exec(svg) ?? []
  const [width, height] = [Number(across) * scale, Math.ceil(Number(down) * scale)]
  const data = Buffer.alloc(width * height * 4, 255)
  const [, path = ''] = / d="([^"]*)"/.exec(svg) ?? []
  const bars = [...path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)].map(bar => bar.map(Number))
  for (const [, left = 0, top = 0, length = 0] of bars) {
    for (let y = top * scale; y < (top + 1) * scale; y++) {
      const start = (y * width + left * scale) * 4
      for (let pixel = 0; pixel < length * scale; pixel++) {
        data.fill(0, start + pixel * 4, start + pixel * 4 + 3)
      }
    }
  }
  return { width, height, data }
}
