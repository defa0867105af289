import type { SignedRequest } from '../../../../src/protocols/http/message-signature/signature-base.ts'

/** A request as signatures see it. @param fields in lower case */
export function aRequest(
  method: string,
  targetUri: string,
  fields: Readonly<Record<string, string | readonly string[]>>,
): SignedRequest {
  return { method, targetUri, field: name => [fields[name] ?? []].flat() }
}
