import type { NodeClient, NodeRequest } from './node-client.ts'

/** What lists hold at most in one answer. */
const pageLimit = '1000'

/** All items of a list, page after page. */
export async function* pagesOf<Item>(
  node: NodeClient,
  path: string,
  query: NonNullable<NodeRequest['query']> = {},
): AsyncGenerator<readonly Item[]> {
  let cursor: string | undefined
  do {
    const page: { items: readonly Item[]; next: string | null } = await node.call('GET', path, {
      query: { ...query, limit: pageLimit, cursor },
    })
    yield page.items
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}

/** For lists that a person reads whole. */
export async function allOf<Item>(
  node: NodeClient,
  path: string,
  query?: NonNullable<NodeRequest['query']>,
): Promise<Item[]> {
  const items: Item[] = []
  for await (const page of pagesOf<Item>(node, path, query)) items.push(...page)
  return items
}
