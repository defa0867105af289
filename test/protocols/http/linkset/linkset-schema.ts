import { Errors } from 'typebox/schema'

const text = { type: 'string' }
const texts = { type: 'array', items: text }
/** RFC 9264 §4.2.4.2: a text in a language. */
const inLanguages = {
  type: 'array',
  items: {
    type: 'object',
    required: ['value'],
    properties: { value: text, language: text },
    additionalProperties: false,
  },
}

/** RFC 9264 §4.2.3 and §4.2.4: a target and its attributes; an attribute of nobody's standard is a list. */
const target = {
  type: 'object',
  required: ['href'],
  properties: {
    href: { type: 'string', format: 'uri-reference' },
    type: text,
    media: text,
    title: text,
    hreflang: texts,
    'title*': inLanguages,
    // Said by where the target stands, never by itself.
    rel: false,
    anchor: false,
  },
  additionalProperties: { anyOf: [texts, inLanguages] },
}

/** RFC 9264 §4.2.2: an anchor, then one member for each relation: a registered name, or a URI. */
function context(described: object) {
  return {
    type: 'object',
    properties: { anchor: { type: 'string', format: 'uri-reference' }, ...described },
    patternProperties: {
      '^(?!anchor$|itemDescription$)(?:[a-z][a-z0-9.-]*|https?://.+)$': {
        type: 'array',
        minItems: 1,
        items: target,
      },
    },
    additionalProperties: false,
  }
}

function setOf(one: object) {
  return {
    type: 'object',
    required: ['linkset'],
    properties: { linkset: { type: 'array', items: one } },
    additionalProperties: false,
  }
}

const rfc9264 = setOf(context({}))

/** What GS1 asks beyond it: what the thing is called, a title on every link, and http(s) addresses. */
const gs1 = {
  allOf: [
    setOf(context({ itemDescription: text })),
    setOf({
      required: ['anchor', 'itemDescription'],
      properties: { anchor: { type: 'string', pattern: '^https?://[A-Za-z0-9./]+' } },
      patternProperties: {
        '^[a-z-]+$|^https?://': {
          items: {
            required: ['href', 'title'],
            properties: {
              href: { pattern: '^https?://[A-Za-z0-9./]+' },
              type: { pattern: '^\\w+/[-+.\\w]+$' },
              hreflang: { items: { pattern: '^\\w{2}(?:-\\w{2})?$' } },
            },
          },
        },
      },
    }),
  ],
}

/** What a link set breaks of RFC 9264; nothing where it is one. */
export function linksetErrors(value: unknown): readonly object[] {
  return Errors(rfc9264, value)[1]
}

/** The same for the link sets of a GS1-conformant resolver. */
export function gs1LinksetErrors(value: unknown): readonly object[] {
  return Errors(gs1, value)[1]
}
