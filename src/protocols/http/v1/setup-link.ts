import { Type } from 'typebox'
import type { SetupLink } from '../../../registry/people/accounts.ts'
import { closed, instantSchema } from '../schemas.ts'
import { setupUrl } from '../setup-url.ts'

export const setupLinkSchema = closed({
  link: Type.String({ format: 'uri', description: 'used once; its secret is in the fragment' }),
  until: instantSchema,
})

export function setupLinkToJson({ token, until }: SetupLink, publicUrl: string) {
  return { link: setupUrl(publicUrl, token), until }
}
