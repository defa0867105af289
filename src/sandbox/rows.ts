/** Products that do not exist, numbered on from `first`: `88.118.8/TOP-000001`. */
export function exampleRows(prefix: string, first: number, count: number): readonly object[] {
  return Array.from({ length: count }, (_, position) => {
    const number = String(first + position).padStart(6, '0')
    const values = [
      { index: 1, type: 'NAME', data: `示例产品 ${number}` },
      { index: 2, type: 'URL', data: `https://example.com/top/${number}` },
    ]
    return { identifier: `${prefix}/TOP-${number}`, kind: 'product', values }
  })
}
