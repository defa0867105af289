import t from 'tap'
import { batchAndSerial } from '../../../../src/protocols/http/pages/batch-and-serial.ts'

t.test('batch and serial number are read from a GS1 name, wherever it stands', async t => {
  t.strictSame(batchAndSerial([{ system: 'gs1', text: '01/06901234567892/10/LOT%2F1/21/S1' }]), {
    batch: 'LOT/1',
    serial: 'S1',
  })
  t.strictSame(
    batchAndSerial([
      { system: 'handle', text: '10/A' },
      { system: 'gs1', text: '01/06901234567892' },
      { system: 'gs1', text: '01/06901234567892/21/10' },
    ]),
    { serial: '10' },
  )
  t.strictSame(batchAndSerial([{ system: 'gs1', text: '01/06901234567892/10/100%' }]), {
    batch: '100%',
  })
})
