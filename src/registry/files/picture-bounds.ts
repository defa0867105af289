/** A sheet of A3 scanned at 600 dpi has 70 million pixels; at the 400 dpi that reading needs, 31 million. */
const pixelsMax = 40_000_000
const edgeMax = 20_000

/** Whether a picture of this size can be shown without filling somebody's memory. */
export function isShowable(width: number, height: number): boolean {
  const hasPixels = width > 0 && height > 0
  return hasPixels && width <= edgeMax && height <= edgeMax && width * height <= pixelsMax
}
