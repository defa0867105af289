/** Characters that XML cannot hold, or that it changes; `_x000D_` itself is written as `_x005F_x000D_` (ECMA-376 §22.4.2.4). */
const unsafe = /[\0-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[\dA-Fa-f]{4}_)/g

export function escapeXlsx(text: string): string {
  return text.replace(
    unsafe,
    character => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`,
  )
}

export function unescapeXlsx(text: string): string {
  if (!text.includes('_x')) return text
  return text.replace(/_x([\dA-Fa-f]{4})_/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
