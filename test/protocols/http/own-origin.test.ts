import t from 'tap'
import {
  demandOwnOrigin,
  demandPrivateWire,
  refuseOtherOrigin,
} from '../../../src/protocols/http/own-origin.ts'

const ours = 'https://id.example.cn'
const refused = { code: 'NOT_PERMITTED', errors: [{ rule: 'session.origin' }] }

const own = [
  { 'sec-fetch-site': 'same-origin' },
  { origin: ours },
  // The browser's own word comes before the address, of which a node may have several.
  { 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:8000' },
]
const others = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'none' },
  { 'sec-fetch-site': 'cross-site', origin: ours },
  { origin: 'https://evil.example' },
  { origin: `${ours}:8443` },
  { origin: 'null' },
]

t.test('a write with a cookie says that it comes from a page of ours', async t => {
  for (const headers of own) t.doesNotThrow(() => demandOwnOrigin(headers, ours))
  for (const headers of [...others, {}]) {
    t.throws(() => demandOwnOrigin(headers, ours), refused, JSON.stringify(headers))
  }
})

t.test('where no cookie is needed only another page is refused', async t => {
  for (const headers of [...own, {}]) t.doesNotThrow(() => refuseOtherOrigin(headers, ours))
  for (const headers of others) t.throws(() => refuseOtherOrigin(headers, ours), refused)
})

t.test('passwords travel over TLS or stay within the machine', async t => {
  for (const url of [ours, 'http://localhost:8000', 'http://127.0.0.1', 'http://[::1]:80']) {
    t.doesNotThrow(() => demandPrivateWire(url), url)
  }
  for (const url of ['http://id.example.cn', 'http://10.0.0.1:8000', 'http://127.evil.example']) {
    t.throws(() => demandPrivateWire(url), { errors: [{ rule: 'session.tls' }] }, url)
  }
})
