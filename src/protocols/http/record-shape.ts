import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { RecordInput } from '../../registry/record-rules.ts'
import { closed, identifierSchema, kindSchema, orNull, valueInputSchema } from './schemas.ts'
import { invalidInput } from './validation.ts'

/**
 * Reads the body of a record that came in a file, by the schema of those that come by themselves. Made once.
 * @returns a function that throws Failure `INPUT_INVALID` naming every broken rule
 */
export function makeReadRecord(): (body: unknown) => RecordInput {
  const shape = Compile(
    closed({
      kind: Type.Optional(kindSchema),
      values: Type.Optional(Type.Array(valueInputSchema)),
      successor: Type.Optional(orNull(identifierSchema)),
    }),
  )
  return body => {
    if (shape.Check(body)) return body as RecordInput
    throw invalidInput(shape.Errors(body) as Parameters<typeof invalidInput>[0])
  }
}
