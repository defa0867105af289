import t from 'tap'
import { parseLocations } from '../../../../src/protocols/handle/values/locations.ts'
import { malformed } from '../../bytes/malformed.ts'

t.test('locations are read with their attributes, in order', async t => {
  const { chooseBy, attributes, locations } = parseLocations(`<?xml version="1.0" encoding="UTF-8"?>
    <!-- two of them -->
    <locations chooseby="locatt, country ,Weighted" no_legacy='true'>
      <location id="0" href="https://example.cn/?a=1&amp;b=&#20135;" weight="0.5" country="cn" />
      <location href_template='https://example.cn/{hdl}' HTTP_Role="conneg"></location>
    </locations>
  `)

  t.strictSame(chooseBy, ['locatt', 'country', 'weighted'])
  t.equal(attributes.get('no_legacy'), 'true')
  t.equal(locations.length, 2)
  t.match(locations[0], { href: 'https://example.cn/?a=1&b=产', weight: 0.5 })
  t.equal(locations[0]?.attributes.get('country'), 'cn')
  t.match(locations[1], { hrefTemplate: 'https://example.cn/{hdl}', weight: 1 })
  t.equal(locations[1]?.attributes.get('http_role'), 'conneg')
  t.notOk(locations[1] !== undefined && 'href' in locations[1])
})

t.test('without a list of choosers the usual order is taken', async t => {
  const { chooseBy, locations } = parseLocations('<locations/>')

  t.strictSame(chooseBy, ['locatt', 'address', 'country', 'score', 'weighted'])
  t.strictSame(locations, [])
})

t.test('choose_by is another name of chooseby, and an empty one chooses by nothing', async t => {
  t.strictSame(parseLocations('<locations choose_by="score"/>').chooseBy, ['score'])
  t.strictSame(parseLocations('<locations chooseby=""/>').chooseBy, [])
})

const refused = {
  'no text': '',
  'another root': '<place/>',
  'a longer root': '<locations2/>',
  'a root that does not end': '<locations>',
  'another end': '<locations></location>',
  'another element': '<locations><link href="a"/></locations>',
  'text between locations': '<locations>a</locations>',
  'text in a location': '<locations><location>a</location></locations>',
  'text behind': '<locations/>a',
  'two roots': '<locations/><locations/>',
  'a document type': '<!DOCTYPE a [<!ENTITY b "c">]><locations/>',
  CDATA: '<locations><![CDATA[a]]></locations>',
  'an attribute twice': '<locations><location href="a" HREF="b"/></locations>',
  'an attribute without quotes': '<locations><location href=a/></locations>',
  'attributes that touch': '<locations><location href="a"id="b"/></locations>',
  'a less-than in an attribute': '<locations><location href="<"/></locations>',
  'an unknown entity': '<locations><location href="&b;"/></locations>',
  'an entity of the prototype': '<locations><location href="&valueOf;"/></locations>',
  'a bare ampersand': '<locations><location href="a&b"/></locations>',
  'half a character': '<locations><location href="&#xd800;"/></locations>',
  'no character': '<locations><location href="&#x110000;"/></locations>',
  'a weight that is no number': '<locations><location weight="heavy"/></locations>',
  'a comment that does not end': '<locations><!-- </locations>',
}

for (const [what, xml] of Object.entries(refused)) {
  t.test(`${what} is malformed`, async t => {
    t.throws(() => parseLocations(xml), malformed('value'))
  })
}

t.test('text, locations and attributes have an end', async t => {
  const attributes = Array.from({ length: 65 }, (_, n) => ` a${n}=""`).join('')

  t.throws(() => parseLocations(`<locations>${' '.repeat(70_000)}</locations>`), malformed('limit'))
  t.throws(
    () => parseLocations(`<locations>${'<location/>'.repeat(257)}</locations>`),
    malformed('limit'),
  )
  t.throws(() => parseLocations(`<locations${attributes}/>`), malformed('limit'))
})

t.test('a text made to be slow is not', async t => {
  const slow = [
    `<locations${' '.repeat(60_000)}`,
    `<locations ${'a'.repeat(60_000)}`,
    `<locations>${'<!--'.repeat(15_000)}`,
    `<locations>${'\n'.repeat(60_000)}a`,
    `<locations a="${'&'.repeat(60_000)}"/>`,
  ]

  for (const xml of slow) {
    const start = performance.now()
    t.throws(() => parseLocations(xml), malformed('value'))
    t.ok(performance.now() - start < 1000)
  }
})
