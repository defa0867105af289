/** The application identifiers of GS1 keys that begin a path at the root (GS1 Digital Link URI Syntax §4.3). */
export const primaryKeys = [
  '00',
  '01',
  '253',
  '255',
  '401',
  '402',
  '414',
  '415',
  '417',
  '8003',
  '8004',
  '8006',
  '8010',
  '8013',
  '8017',
  '8018',
] as const

/** Whether a path is a GS1 Digital Link's. */
export function isDigitalLinkPath(path: string): boolean {
  return (primaryKeys as readonly string[]).includes(path.split('/')[1] ?? '')
}
