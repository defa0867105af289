import t from 'tap'
import { certificateFinding } from '../../src/cli/doctor.ts'

const now = Date.UTC(2026, 10, 23)
const day = 86_400_000

t.test('a certificate is looked at before it ends', async t => {
  t.equal(certificateFinding(now + 90 * day, now).level, 'ok')
  t.equal(certificateFinding(now + 20 * day, now).level, 'warn')
  t.equal(certificateFinding(now - 1, now).level, 'bad')
})
