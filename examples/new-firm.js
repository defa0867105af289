/**
 * Prints table 1 of an enterprise that does not exist, under the items' Chinese names. Its credit code (GB 32100) is
 * new each time and has right check symbols, so that the examples can be run again on the same node.
 */
import { randomInt } from 'node:crypto'

/** GB 32100: no I O S V Z. */
const symbols = '0123456789ABCDEFGHJKLMNPQRTUWXY'
/** GB 11714, whose letters count from A = 10 without gaps. */
const organisationSymbols = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

const firm = {
  统一社会信用代码: creditCode(),
  企业名称: '示例智能装备有限公司',
  企业分类名称: 'C3491 工业机器人制造',
  企业注册地址: '广东省广州市示例路 8 号',
  法人代表: '示例丁',
  注册资本: '800 万元人民币',
  经营范围: '工业机器人及其零部件的研发、制造与销售',
  经营状态: '存续',
  成立日期: 20190520,
  营业期限: 99991231,
  发照日期: 20190520,
}
process.stdout.write(`${JSON.stringify(firm, null, 2)}\n`)

function creditCode() {
  const body = Array.from({ length: 8 }, () => symbols[randomInt(symbols.length)]).join('')
  const start = `91440100${body}${organisationCheck(body)}`
  const sum = [...start].reduce(
    (total, symbol, at) => total + symbols.indexOf(symbol) * (3 ** at % 31),
    0,
  )
  return start + symbols[(31 - (sum % 31)) % 31]
}

function organisationCheck(body) {
  const weights = [3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce(
    (total, weight, at) => total + weight * organisationSymbols.indexOf(body[at]),
    0,
  )
  return '0X987654321'[sum % 11]
}
