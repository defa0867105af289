import type { FastifySchemaValidationError } from 'fastify'
import { Failure, type FieldError } from '../../model/failures.ts'
import { say, type Text } from '../../model/text.ts'

/** Nobody repairs more at once, and an answer stays small whatever was sent. */
export const fieldErrorsMax = 20

/**
 * What a schema found wrong, as one failure: every broken rule with its pointer (RFC 6901); the rule is the keyword
 * of JSON Schema.
 */
export function invalidInput(found: readonly FastifySchemaValidationError[]): Failure {
  const errors = withoutAlternatives(found).slice(0, fieldErrorsMax).map(toFieldError)
  const detail = say('输入不符合要求，见 errors', 'the input breaks rules; see errors')
  return new Failure('INPUT_INVALID', errors.length === 1 ? errors[0]?.detail : detail, { errors })
}

/** Where none of several forms fits, why each of them does not is noise. */
function withoutAlternatives(
  found: readonly FastifySchemaValidationError[],
): readonly FastifySchemaValidationError[] {
  const unions = found
    .filter(({ keyword }) => keyword === 'anyOf')
    .map(({ schemaPath }) => `${schemaPath}/`)
  if (unions.length === 0) return found
  return found.filter(({ schemaPath }) => !unions.some(union => schemaPath.startsWith(union)))
}

function toFieldError({
  keyword,
  instancePath,
  params,
  message,
}: FastifySchemaValidationError): FieldError {
  const member = params['missingProperty'] ?? params['additionalProperty']
  const pointer =
    typeof member === 'string' ? `${instancePath}/${escapePointer(member)}` : instancePath
  return { pointer, rule: keyword, detail: detailOf(keyword, params, message) }
}

/** RFC 6901 §3. */
function escapePointer(member: string): string {
  return member.replaceAll('~', '~0').replaceAll('/', '~1')
}

function detailOf(
  keyword: string,
  params: Readonly<Record<string, unknown>>,
  message: string | undefined,
): Text {
  const limit = String(params['limit'])
  switch (keyword) {
    case 'required':
      return say('缺少此项', 'this member is missing')
    case 'additionalProperties':
      return say('没有此项', 'there is no such member')
    case 'type':
      return say(`类型须为 ${params['type']}`, `the type must be ${params['type']}`)
    case 'enum': {
      const allowed = (params['allowedValues'] as readonly unknown[] | undefined)?.join(', ')
      return say(`须为其中之一：${allowed}`, `one of: ${allowed}`)
    }
    case 'const':
      return say(`须为 ${params['allowedValue']}`, `must be ${params['allowedValue']}`)
    case 'minLength':
      return say(`至少 ${limit} 个字符`, `at least ${limit} characters`)
    case 'maxLength':
      return say(`最多 ${limit} 个字符`, `at most ${limit} characters`)
    case 'minItems':
      return say(`至少 ${limit} 项`, `at least ${limit} items`)
    case 'maxItems':
      return say(`最多 ${limit} 项`, `at most ${limit} items`)
    case 'minProperties':
      return say(`至少 ${limit} 个成员`, `at least ${limit} members`)
    case 'minimum':
      return say(`不得小于 ${limit}`, `at least ${limit}`)
    case 'maximum':
      return say(`不得大于 ${limit}`, `at most ${limit}`)
    case 'pattern':
      return say(`须匹配 ${params['pattern']}`, `must match ${params['pattern']}`)
    case 'format':
      return say(`须为 ${params['format']} 格式`, `must have the format ${params['format']}`)
    case 'anyOf':
      return say('不是任何一种允许的形式', 'none of the forms allowed here')
    default:
      return say(`不符合规则 ${keyword}`, message ?? `breaks the rule ${keyword}`)
  }
}
