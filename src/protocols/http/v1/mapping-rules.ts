import { type Static, Type } from 'typebox'
import type { MappingRule, RuleContent, RuleKind } from '../../../mapping/rules.ts'
import { Failure, invalid } from '../../../model/failures.ts'
import { say } from '../../../model/text.ts'
import type { HttpApp } from '../app.ts'
import { languageOf } from '../language.ts'
import type { HttpParts } from '../parts.ts'
import { WireFailure } from '../problem.ts'
import {
  closed,
  codeSchema,
  createHeaders,
  identifierSchema,
  json,
  oneOf,
  orNull,
  responses,
  systemSchema,
  wordsOf,
} from '../schemas.ts'
import { writeRequestOf } from './write-request.ts'

const kinds = wordsOf<RuleKind>({ exact: true, table: true, template: true, prefix: true })
const pattern = '/v1/enterprises/:code/mapping-rules'
const params = closed({ code: codeSchema })

const rowsSchema = Type.Array(closed({ from: identifierSchema, to: identifierSchema }), {
  maxItems: 1_000,
})
const ruleMembers = {
  prefix: Type.String({ minLength: 1, maxLength: 270, description: '`gs1:6901234`, `88.118.8`' }),
  kind: oneOf(kinds),
  from: Type.Optional(identifierSchema),
  to: Type.Optional(identifierSchema),
  rows: Type.Optional(rowsSchema),
}
const ruleInputSchema = closed(ruleMembers)
const ruleSchema = closed({ id: Type.String(), position: Type.Integer(), ...ruleMembers })

/** How identifiers under an enterprise's prefixes lead to records that do not name them. */
export function mappingRuleRoutes(
  app: HttpApp,
  { mapping, prefixKeys, names, permissions, directory }: HttpParts,
): void {
  const { rules, explain } = mapping

  app.get(
    pattern,
    {
      config: { action: 'rule.list' },
      schema: {
        operationId: 'listMappingRules',
        summary: 'The rules of an enterprise’s prefixes, in the order in which they are asked',
        tags: ['mapping'],
        params,
        querystring: closed({}),
        response: responses(
          { 200: json('all of them', closed({ items: Type.Array(ruleSchema) })) },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'NOT_PERMITTED',
        ),
      },
    },
    async ({ params: { code }, caller }) => ({
      items: (await rules.list(code, caller)).map(ruleToJson),
    }),
  )

  app.post(
    pattern,
    {
      config: { action: 'rule.create' },
      schema: {
        operationId: 'createMappingRule',
        summary: 'Add a rule: exact, table, template or prefix',
        tags: ['mapping'],
        params,
        querystring: closed({}),
        headers: createHeaders,
        body: ruleInputSchema,
        response: responses(
          { 201: json('in force', ruleSchema) },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'NOT_PERMITTED',
          'STATE_CONFLICT',
          'IDEMPOTENCY_MISMATCH',
          'TOO_LARGE',
        ),
      },
    },
    async (request, reply) => {
      const { prefix } = request.body
      const input = { prefix, content: contentOf(request.body) }
      const rule = await rules.create(request.params.code, input, writeRequestOf(request))
      reply.code(201)
      return ruleToJson(rule)
    },
  )

  app.delete(
    `${pattern}/:id`,
    {
      config: { action: 'rule.delete' },
      schema: {
        operationId: 'deleteMappingRule',
        summary: 'Take a rule away',
        tags: ['mapping'],
        params: closed({ code: codeSchema, id: Type.String({ minLength: 1, maxLength: 64 }) }),
        querystring: closed({}),
        headers: createHeaders,
        response: responses(
          { 204: { description: 'gone', type: 'null' } },
          'IDENTIFIER_MALFORMED',
          'IDENTIFIER_UNKNOWN',
          'ROUTE_UNKNOWN',
          'NOT_PERMITTED',
          'IDEMPOTENCY_MISMATCH',
        ),
      },
    },
    async (request, reply) => {
      const { code, id } = request.params
      if (!(await rules.remove(code, id, writeRequestOf(request)))) {
        throw new WireFailure('ROUTE_UNKNOWN', say('没有此规则', 'there is no such rule'))
      }
      return reply.code(204).send()
    },
  )

  app.post(
    '/v1/mapping::test',
    {
      config: { action: 'rule.test' },
      schema: {
        operationId: 'testMapping',
        summary: 'Which rule answers a text, and why others do not',
        tags: ['mapping'],
        querystring: closed({}),
        body: closed({ text: identifierSchema, system: Type.Optional(systemSchema) }),
        response: responses(
          {
            200: json(
              'how it was read, and what each rule says of it',
              closed({
                asked: Type.String(),
                identifier: Type.String({ description: 'its normal form' }),
                system: systemSchema,
                prefix: Type.String(),
                code: orNull(Type.String()),
                answer: orNull(closed({ rule: Type.String(), identifier: Type.String() })),
                considered: Type.Array(
                  closed({
                    rule: Type.String(),
                    kind: oneOf(kinds),
                    to: orNull(Type.String()),
                    whyNot: orNull(
                      oneOf(['form', 'case', 'malformed', 'loop', 'owner', 'later'] as const),
                    ),
                    text: orNull(Type.String()),
                  }),
                ),
              }),
            ),
          },
          'IDENTIFIER_MALFORMED',
          'PREFIX_UNKNOWN',
          'NOT_PERMITTED',
          'TOO_LARGE',
        ),
      },
    },
    async request => {
      const { text, system } = request.body
      const identifier = names.parse(text, system)
      const { prefix, rewriting, considered } = explain(identifier)
      if (prefix === undefined) throw new Failure('PREFIX_UNKNOWN')
      permissions.demand(request.caller, 'rule.test', { subject: prefix.owner })
      const language = languageOf(request.headers['accept-language'])
      return {
        asked: text,
        identifier: identifier.text,
        system: identifier.system,
        prefix: prefixKeys.print(prefix.system, prefix.prefix),
        code: prefix.owner === null ? null : (directory.subject(prefix.owner)?.code ?? null),
        answer: rewriting
          ? { rule: rewriting.rule.id, identifier: rewriting.identifier.text }
          : null,
        considered: considered.map(({ rule, to, whyNot, text: why }) => ({
          rule: rule.id,
          kind: rule.content.kind,
          to,
          whyNot,
          text: why?.[language] ?? null,
        })),
      }
    },
  )

  /** The members that the kind has, and no others. */
  function contentOf({
    prefix,
    kind,
    from,
    to,
    rows,
  }: Static<typeof ruleInputSchema>): RuleContent {
    switch (kind) {
      case 'exact':
      case 'template':
        return { kind, from: given(from, '/from'), to: given(to, '/to') }
      case 'prefix':
        return { kind, from: from ?? prefixKeys.parse(prefix).prefix, to: given(to, '/to') }
      case 'table':
        return { kind, rows: rows ?? [] }
    }
  }

  function ruleToJson({ id, system, prefix, position, content }: MappingRule) {
    return { id, prefix: prefixKeys.print(system, prefix), position, ...content }
  }
}

function given(text: string | undefined, pointer: string): string {
  if (text !== undefined) return text
  throw invalid(pointer, 'required', say('此类规则需要此项', 'a rule of this kind needs it'))
}
