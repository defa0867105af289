import { execFileSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { PublicJwk, Site } from '../../src/model/value.ts'
import { ByteReader } from '../../src/protocols/bytes/reader.ts'
import { credentialBytes, decodeCredential } from '../../src/protocols/handle/credential.ts'
import { opCodes } from '../../src/protocols/handle/op-codes.ts'
import { opFlags } from '../../src/protocols/handle/op-flags.ts'
import { decodeSite } from '../../src/protocols/handle/values/site.ts'
import {
  type Answered,
  aFrame,
  aHandleBody,
  aQuestion,
  aTcpClient,
  aUdpClient,
  valuesIn,
} from '../protocols/handle/a-client.ts'
import { aNode, type RunningNode } from '../support/node.ts'
import { aDataFolder } from '../support/store.ts'

function keyIn({ servers }: Site): PublicJwk {
  const key = servers[0]?.publicKey?.value
  if (key === undefined) throw new Error('the site has no key')
  return key
}

function handleOf({ node }: RunningNode): string {
  return node.ready.handle ?? ''
}

t.test('a node signs what is asked with CERT by the key of its site record', async t => {
  const folder = await aDataFolder(t)
  const node = await aNode(t, { demo: true, folder })
  const client = await aTcpClient(t, handleOf(node))
  const siteInfo = aFrame({ opCode: opCodes.GET_SITEINFO, body: aHandleBody('') })
  const key = keyIn(decodeSite(new ByteReader((await client.ask(siteInfo)).body)))
  const scratch = t.testdir({})

  /** As anybody would check it who has nothing of us but the site record. */
  function opensslVerifies({ envelope, signedPart, credential }: Answered): string {
    const { signature, digestAlgorithm, type } = decodeCredential(credential)
    t.same([type, digestAlgorithm], ['HS_SIGNED', 'SHA-256'])
    const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    const files = {
      key: pem,
      signature,
      message: credentialBytes(envelope, 0, signedPart),
    }
    for (const [name, content] of Object.entries(files)) writeFileSync(join(scratch, name), content)
    const args = ['dgst', '-sha256', '-verify', 'key', '-signature', 'signature', 'message']
    return execFileSync('openssl', args, { cwd: scratch, encoding: 'utf8' })
  }

  t.test('openssl verifies answers and refusals', async t => {
    for (const identifier of ['88.118.8/ABC-1', '88.118.8/none', '0.NA/88.118']) {
      const answer = await client.ask(aQuestion(identifier, { opFlags: opFlags.CERT }))
      t.match(opensslVerifies(answer), /Verified OK/, identifier)
    }
  })

  t.test('the records of our prefixes carry the key, over UDP too', async t => {
    const udp = await aUdpClient(t, handleOf(node))

    for (const asked of [client, udp]) {
      const answer = await asked.ask(aQuestion('0.NA/88.118'))
      t.equal(answer.header.responseCode, 1)
      const site = valuesIn(answer).values.find(({ type }) => type === 'HS_SITE')
      t.same(site?.data.format === 'site' && keyIn(site.data.value), key)
    }
  })

  t.test('the key outlives the process', async t => {
    await node.stop()
    const next = await aNode(t, { demo: true, folder })
    const after = await aTcpClient(t, handleOf(next))

    t.same(keyIn(decodeSite(new ByteReader((await after.ask(siteInfo)).body))), key)
  })
})
