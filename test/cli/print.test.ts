import t from 'tap'
import { table, visible, widthOf } from '../../src/cli/print.ts'

t.test('a Chinese character takes two columns', async t => {
  t.equal(widthOf('a中b'), 4)
  t.equal(
    table(
      [
        ['中文', '1'],
        ['abc', '2'],
      ],
      ['名', '值'],
    ),
    '名    值\n中文  1\nabc   2\n',
  )
})

t.test("a stranger's text cannot drive the terminal or forge a line", async t => {
  t.equal(visible('a\u001b[2Jb'), 'a\\u001b[2Jb')
  t.equal(visible('a\nb\tc'), 'a\\nb\\tc')
  t.equal(visible('a\u202eb\u009bc'), 'a\\u202eb\\u009bc')
  t.equal(table([['a\u001b]0;x\u0007', 'b']]), 'a\\u001b]0;x\\u0007  b\n')
})

t.test('lines have no blanks at their end', async t => {
  t.equal(
    table([
      ['a', ''],
      ['bb', 'c'],
    ]),
    'a\nbb  c\n',
  )
})
