import { say } from '../../model/text.ts'

/** Why a file is refused, by the rule it breaks. */
export const fileRules = {
  'file.empty': say('文件为空', 'the file is empty'),
  'file.kind': say('仅接受 PDF、PNG、JPEG 文件', 'the file is no PDF, PNG or JPEG'),
  'file.damaged': say('文件损坏或不完整', 'the file is damaged or not whole'),
  'file.trailing': say(
    '文件末尾之后还有其他内容；请重新导出或另存后再上传',
    'something else follows after the end of the file: save or export it again',
  ),
  'file.pixels': say(
    '图像过大：每边至多 20000 像素，总计至多 4000 万像素',
    'the picture is too large: at most 20 000 pixels an edge and 40 million in all',
  ),
  'file.tooComplex': say(
    '文件内容过于复杂或解压后过大',
    'the file has too many parts, or unpacks to too much',
  ),
  'file.tooSlow': say('检查文件耗时过长', 'checking the file takes too long'),
  'pdf.encrypted': say('不接受加密的 PDF', 'the PDF is encrypted'),
  'pdf.script': say('PDF 含有脚本（JavaScript）', 'the PDF holds a script (JavaScript)'),
  'pdf.action': say(
    'PDF 含有会启动程序、提交数据或打开其他文件的动作',
    'the PDF holds an action that starts programs, sends data or opens other files',
  ),
  'pdf.embedded': say('PDF 含有嵌入文件或富媒体', 'the PDF holds embedded files or rich media'),
  'pdf.form': say('不接受 XFA 表单', 'the PDF holds an XFA form'),
} as const

export type FileRule = keyof typeof fileRules
