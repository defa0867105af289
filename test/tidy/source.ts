import ts from 'typescript'
import { filesIn, read } from './tree.ts'

/** One mention of another module. */
export interface Import {
  /** The file that imports, from the root: `src/resolver/resolve.ts`. */
  readonly file: string
  readonly line: number
  /** As written: `../model/text.ts`, `pino`, `node:fs`. */
  readonly specifier: string
  /** Gone after the build: nothing of the other module is run. */
  readonly isType: boolean
}

export function sourcesIn(folder: string): ts.SourceFile[] {
  return filesIn(folder, file => file.endsWith('.ts')).map(file => parse(file, read(file)))
}

export function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true)
}

/** Static, dynamic and type imports, and exports from elsewhere. */
export function importsOf(source: ts.SourceFile): Import[] {
  const imports: Import[] = []
  eachNode(source, node => {
    const found = importAt(node)
    if (found === undefined) return
    imports.push({ file: source.fileName, line: lineOf(source, node), ...found })
  })
  return imports
}

export function eachNode(node: ts.Node, call: (node: ts.Node) => void): void {
  call(node)
  ts.forEachChild(node, child => eachNode(child, call))
}

export function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
}

function importAt(node: ts.Node): Pick<Import, 'specifier' | 'isType'> | undefined {
  if (ts.isImportDeclaration(node)) {
    return { specifier: textOf(node.moduleSpecifier), isType: isTypeImport(node.importClause) }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    const names = node.exportClause
    const onlyTypes =
      names !== undefined &&
      ts.isNamedExports(names) &&
      names.elements.every(each => each.isTypeOnly)
    return { specifier: textOf(node.moduleSpecifier), isType: node.isTypeOnly || onlyTypes }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return { specifier: textOf(node.arguments[0]), isType: false }
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { specifier: textOf(node.argument.literal), isType: true }
  }
  return undefined
}

/** `import type …`, or an import of nothing but `type` names. */
function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  if (clause.isTypeOnly) return true
  const names = clause.namedBindings
  if (clause.name !== undefined || names === undefined || !ts.isNamedImports(names)) return false
  return names.elements.length > 0 && names.elements.every(each => each.isTypeOnly)
}

function textOf(node: ts.Node | undefined): string {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : '(computed)'
}
