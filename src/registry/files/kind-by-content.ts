/** What a document may be. */
export const fileKinds = ['pdf', 'png', 'jpeg'] as const
export type FileKind = (typeof fileKinds)[number]

export const mediaTypes = {
  pdf: 'application/pdf',
  png: 'image/png',
  jpeg: 'image/jpeg',
} as const satisfies Record<FileKind, string>

const beginnings: Readonly<Record<FileKind, Buffer>> = {
  // ISO 32000-2 §7.5.2; readers forgive bytes before it, and so does every other format one can hide in there.
  pdf: Buffer.from('%PDF-'),
  // PNG (third edition) §5.2.
  png: Buffer.from('89504e470d0a1a0a', 'hex'),
  // ISO/IEC 10918-1 B.2: SOI, and the first byte of the marker after it.
  jpeg: Buffer.from('ffd8ff', 'hex'),
}

/** What the bytes themselves say; names and headers say what they like. */
export function kindByContent(bytes: Buffer): FileKind | undefined {
  return fileKinds.find(kind => {
    const beginning = beginnings[kind]
    return bytes.subarray(0, beginning.length).equals(beginning)
  })
}
