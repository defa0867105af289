import { gs1Vocabulary } from '../../../model/link.ts'
import { primaryKeys } from './primary-keys.ts'

/** What `/.well-known/gs1resolver` says of this node (GS1-Conformant Resolver 1.2 §3). */
export function describeResolver(publicUrl: string, codePrefix: string) {
  return {
    name: `qxm ${codePrefix}`,
    resolverRoot: publicUrl,
    supportedPrimaryKeys: primaryKeys,
    supportedLinkType: [{ namespace: gs1Vocabulary, prefix: 'gs1:' }],
    linkTypeDefaultCanBeLinkset: false,
    jsonLdContextLocation: 'https://ref.gs1.org/standards/resolver/linkset-context',
  }
}
