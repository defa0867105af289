import type { FileRule } from './file-rules.ts'
import { isShowable } from './picture-bounds.ts'

/** Segments of one picture; a photograph with every kind of metadata has dozens. */
const segmentsMax = 2_000
/** Scans of a progressive picture; encoders write ten. Each is a pass over all pixels for whoever shows it. */
const scansMax = 64
/** Cameras append a preview or two behind the photograph (CIPA DC-007, multi-picture format). */
const picturesMax = 4

const startOfImage = 0xd8
const endOfImage = 0xd9
const startOfScan = 0xda

/**
 * Walks a JPEG from marker to marker (ISO/IEC 10918-1 Annex B): every segment whole, one frame with dimensions, at least
 * one scan, an end, and nothing behind it but zeros or another such picture.
 * @param bytes that begin with SOI
 * @returns the rule it breaks
 */
export function checkJpeg(bytes: Buffer): FileRule | undefined {
  let at = 0
  for (let pictures = 1; ; pictures++) {
    const end = walkPicture(bytes, at)
    if (typeof end === 'string') return end
    at = afterZeros(bytes, end)
    if (at === bytes.length) return undefined
    const isPicture = bytes[at] === 0xff && bytes[at + 1] === startOfImage
    if (!isPicture || pictures === picturesMax) return 'file.trailing'
  }
}

/** @returns where the picture ends, or the rule it breaks */
function walkPicture(bytes: Buffer, start: number): number | FileRule {
  let at = start + 2
  let hasFrame = false
  let scanCount = 0
  for (let segments = 0; segments < segmentsMax; segments++) {
    const marker = markerAt(bytes, at)
    if (marker === undefined) return 'file.damaged'
    at = marker.end
    if (marker.code === endOfImage) return hasFrame && scanCount > 0 ? at : 'file.damaged'
    if (isBare(marker.code)) continue
    // B.1.1.4: the length counts itself.
    const length = at + 2 <= bytes.length ? bytes.readUInt16BE(at) : 0
    if (length < 2 || at + length > bytes.length) return 'file.damaged'
    if (isFrame(marker.code)) {
      if (hasFrame || length < 8) return 'file.damaged'
      if (!isShowable(bytes.readUInt16BE(at + 5), bytes.readUInt16BE(at + 3))) return 'file.pixels'
      hasFrame = true
    }
    at += length
    if (marker.code !== startOfScan) continue
    if (!hasFrame) return 'file.damaged'
    if (++scanCount > scansMax) return 'file.tooComplex'
    at = afterScan(bytes, at)
  }
  return 'file.tooComplex'
}

/** B.1.1.2: fill bytes may stand before a marker. */
function markerAt(bytes: Buffer, start: number): { code: number; end: number } | undefined {
  if (bytes[start] !== 0xff) return undefined
  let at = start
  while (bytes[at] === 0xff) at += 1
  const code = bytes[at]
  return code === undefined || code === 0 ? undefined : { code, end: at + 1 }
}

/** TEM and the restart markers stand alone. */
function isBare(code: number): boolean {
  return code === 0x01 || (code >= 0xd0 && code <= 0xd7)
}

/** SOF0…SOF15 without DHT, JPG and DAC, which lie among them. */
function isFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(code)
}

/** Behind the pixels of a scan: the next marker that is neither a stuffed byte nor a restart. */
function afterScan(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const code = bytes[at + 1] ?? 0
    if (code !== 0 && code !== 0xff && !isBare(code)) return at
  }
  return bytes.length
}

function afterZeros(bytes: Buffer, start: number): number {
  let at = start
  while (bytes[at] === 0) at += 1
  return at
}
