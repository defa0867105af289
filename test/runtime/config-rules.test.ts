import t from 'tap'
import * as rules from '../../src/runtime/config-rules.ts'

const cases: Record<string, { rule: rules.Rule; good: string[]; bad: string[] }> = {
  'an address is an address, not a name': {
    rule: rules.address,
    good: ['127.0.0.1', '0.0.0.0', '::', '2001:db8::5'],
    bad: ['localhost', '127.0.0.1:80', '[::1]', '256.1.1.1', ''],
  },
  'a public address may have a port': {
    rule: rules.socketAddress,
    good: ['203.0.113.5', '203.0.113.5:2641', '[2001:db8::5]:2641', '[2001:db8::5]', '2001:db8::5'],
    bad: ['0.0.0.0', '::', '[::]:1', '203.0.113.5:0', '203.0.113.5:65536', 'node.example:1', ''],
  },
  'a CIDR is a network with a number of bits, or one address': {
    rule: rules.cidr,
    good: ['10.0.0.0/8', '10.1.2.3', '::1/128', '2001:db8::/32', '0.0.0.0/0'],
    bad: [
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0.0/1e1',
      '::/129',
      '10.0/8',
      'a/8',
      '',
    ],
  },
  'a public URL is scheme and host, as it will be printed': {
    rule: rules.publicUrl,
    good: ['https://id.example.cn', 'http://127.0.0.1:8000', 'https://[::1]:8444'],
    bad: [
      'https://id.example.cn/',
      'https://id.example.cn/a',
      'https://u:p@id.example.cn',
      'https://id.example.cn?a',
      'https://id.example.cn:443',
      'HTTPS://id.example.cn',
      'ftp://id.example.cn',
      'id.example.cn',
    ],
  },
  'an origin is a public URL, or any': {
    rule: rules.origin,
    good: ['*', 'https://app.example.cn'],
    bad: ['https://*.example.cn', 'null'],
  },
  'a database is PostgreSQL': {
    rule: rules.databaseUrl,
    good: ['postgres://u:p@h:5432/d', 'postgresql://h/d', 'postgres:///d?host=/run/postgresql'],
    bad: ['mysql://h/d', 'h2/d', ''],
  },
  'a node prefix has two labels': {
    rule: rules.nodePrefix,
    good: ['88.118', '86.1', '88.00042'],
    bad: ['88', '88.118.1', '88.118.', '87.118', '88.123456', '88.1a', ' 88.118'],
  },
  'a code prefix has three labels, folded': {
    rule: rules.codePrefix,
    good: ['88.118.1', '88.118.0042', '86.1.a_b-c'],
    bad: ['88.118', '88.118.1.2', '88.118.A', '88.118.', `88.118.${'1'.repeat(55)}`],
  },
  'an API key has its exact form': {
    rule: rules.apiKey,
    good: [`qxk_00ffab12_${'A'.repeat(43)}`],
    bad: [`qxk_00FFAB12_${'A'.repeat(43)}`, `qxk_00ffab12_${'A'.repeat(42)}`, 'qxk_'],
  },
}

for (const [name, { rule, good, bad }] of Object.entries(cases)) {
  t.test(name, async t => {
    for (const text of good) t.equal(rule(text), undefined, text)
    for (const text of bad) t.type(rule(text), 'string', text)
  })
}

t.test('a wildcard is one in every spelling', async t => {
  for (const host of ['0.0.0.0', '::', '0:0::0', '::0.0.0.0']) t.ok(rules.isWildcard(host), host)
  for (const host of ['127.0.0.1', '::1', '10.0.0.0']) t.notOk(rules.isWildcard(host), host)
})

t.test('loopback is 127.0.0.0/8 and ::1, also in IPv6 clothes', async t => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
    t.ok(rules.isLoopback(host), host)
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1']) t.notOk(rules.isLoopback(host))
})
