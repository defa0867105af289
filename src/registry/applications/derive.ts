import type { Subject } from '../../model/subject.ts'
import { parseUsccLeniently } from '../../model/uscc.ts'
import type { Fields } from '../../schemas/validate.ts'

/** What graded and zoned policies go by (AII/002, foreword). */
export type Placement = Pick<Subject, 'region' | 'industry' | 'grade'>

/**
 * What the filed items say of region, industry and grade; a reviewer corrects what is wrong.
 * The region is in the credit code, the industry at the head of the classification where that is written as GB/T 4754
 * has it, such as `C3911 计算机整机制造`. Nothing filed tells the grade.
 */
export function derivePlacement({ uscc, producerClassificationName }: Fields): Placement {
  return {
    region: typeof uscc === 'string' ? parseUsccLeniently(uscc).uscc.region : null,
    industry:
      /^[A-T](?:\d{2,4})?(?![A-Za-z\d])/.exec(String(producerClassificationName ?? ''))?.[0] ??
      null,
    grade: null,
  }
}
