import type { Document, LineCounter } from 'yaml'
import { isSecretName, looksSecret, REDACTED } from '../core/base/secrets.ts'
import type { World } from './command.ts'
import type { ConfigLayer, ConfigProblem } from './config-problem.ts'
import { valueFor } from './config-value.ts'

/** A file of settings before it is understood. */
export interface ConfigText {
  /** As it is called in messages. */
  readonly name: string
  /** As origins call it: `project file`, `user file`, `file`; empty for standard input. */
  readonly kind: string
  readonly bytes: Uint8Array
  /** The permissions of a plain file; `null` for a pipe. */
  readonly mode: number | null
}

/** What may be read of a file by its group and by others. */
const READABLE_BY_OTHERS = 0o044

/** A small document can name the same part over and over and unfold into one that fills the memory. */
const MOST_ALIASES = 100

const VARIABLE = /\$\$\{|\$\{([^}]*)\}|\$\{/g
const VARIABLE_NAME = /^[A-Za-z_]\w*$/

type Tree = { readonly [key: string]: unknown }

/**
 * A file of settings understood: `${VARIABLE}` replaced from the environment (`$${` stands for `${`), every value with
 * its line. `schema` are the defaults, which say what kind of value a variable stands for.
 *
 * @returns the layer, or `null` where it cannot be used at all; every problem goes to `report`
 */
export async function readYaml(
  { name, kind, bytes, mode }: ConfigText,
  schema: Tree,
  env: World['env'],
  report: (problem: ConfigProblem) => void,
): Promise<ConfigLayer | null> {
  const refuse = (place: string, message: string, remedy?: string): null => {
    report({ code: 'E971', place, message, remedy })
    return null
  }
  const text = decoded(bytes)
  if (text === null) return refuse(name, 'is not YAML: it is not UTF-8', 'save it as UTF-8')
  const exposed = mode !== null && (mode & READABLE_BY_OTHERS) !== 0
  const tellExposed = (place: string): void => {
    const octal = (Number(mode) & 0o777).toString(8).padStart(4, '0')
    const message = `has a secret in it and can be read by others (${octal})`
    report({ code: 'E974', place, message, remedy: `chmod 600 ${quoted(name)}` })
  }
  if (exposed && looksSecret(text)) {
    tellExposed(name)
    return null
  }
  const { LineCounter, parseDocument, visit, isScalar } = await import('yaml')
  const lines = new LineCounter()
  let document: Document
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  } catch (error) {
    return refuse(name, `is not YAML: ${reasonOf(error)}`)
  }
  const broken = [...document.errors, ...document.warnings]
  for (const { pos, message, code } of broken) {
    const words = code === 'MULTIPLE_DOCS' ? 'there is more than one document in it' : firstLine(message)
    const remedy =
      code === 'TAB_AS_INDENT' ? 'indent with spaces' : 'bbw config init writes an example with every setting'
    refuse(placed(name, lines, pos[0]), `is not YAML: ${words}`, remedy)
  }
  if (broken.length > 0) return null

  const starts = new Map<string, number>()
  const variables = new Map<string, string>()
  let unusable = false
  visit(document, {
    Pair(_, pair, ancestors) {
      const { key } = pair
      const offset = rangeOf(key)
      if (!isScalar(key)) {
        refuse(placed(name, lines, offset), 'a key has to be a name')
        unusable = true
        return
      }
      starts.set(keyOf([...pathOf(ancestors), String(key.value)]), rangeOf(pair.value) || offset)
    },
    Scalar(at, node, ancestors) {
      const { value } = node
      if (at === 'key' || value === null) return
      const path = pathOf(ancestors)
      const offset = rangeOf(node)
      if (exposed && path.some(isSecretName) && (typeof value !== 'string' || !isVariable(value))) {
        tellExposed(`${placed(name, lines, offset)}, ${path.join('.')}`)
        unusable = true
        return
      }
      if (typeof value !== 'string' || !value.includes('${')) return
      const replaced = substituted(value, env)
      if (replaced.wrong !== null) {
        const { code, message, remedy } = replaced.wrong
        report({ code, place: placed(name, lines, offset), message: `${path.join('.')}: ${message}`, remedy })
        // What stands there is not known, so nothing more can be said of it.
        node.value = at === 'value' ? standardAt(schema, path) : 'UNKNOWN'
        return
      }
      if (!replaced.used) {
        node.value = replaced.text
        return
      }
      variables.set(keyOf(path), value)
      const standard = at === 'value' ? standardAt(schema, path) : ''
      node.value = standard === undefined ? replaced.text : valueFor(standard, replaced.text)
    },
  })
  if (unusable) return null
  let tree: unknown
  try {
    tree = document.toJS({ maxAliasCount: MOST_ALIASES })
  } catch (error) {
    return refuse(
      name,
      `is not YAML: ${reasonOf(error)}`,
      'write the settings out instead of naming parts (*)',
    )
  }
  const startOf = (path: readonly string[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const start = starts.get(keyOf(path.slice(0, length)))
      if (start !== undefined) return start
    }
    return 0
  }
  return {
    name,
    tree,
    place: path => placed(name, lines, startOf(path)),
    origin(path) {
      const variable = variables.get(keyOf(path))
      const from = variable === undefined ? '' : ` from ${variable}`
      return `${kind} ${name}:${lines.linePos(startOf(path)).line}${from}`.trim()
    },
    show(path, value) {
      const variable = variables.get(keyOf(path))
      return variable === undefined ? shown(path, value) : `the value of ${variable}`
    },
  }
}

/** No value fills the screen. */
const SHOWN_LENGTH = 60

/** A value as messages may show it: short, and without secrets. */
export function shown(path: readonly string[], value: unknown): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  if (path.some(isSecretName) || looksSecret(text)) return REDACTED
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text
}

/** The default at a path; `undefined` where there is none. */
export function standardAt(schema: Tree, path: readonly string[]): unknown {
  let value: unknown = schema
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Tree)[key]
  }
  return value
}

type Substitution =
  | { readonly wrong: null; readonly text: string; readonly used: boolean }
  | { readonly wrong: Pick<ConfigProblem, 'code' | 'message' | 'remedy'> }

function substituted(text: string, env: World['env']): Substitution {
  let used = false
  let wrong: Pick<ConfigProblem, 'code' | 'message' | 'remedy'> | null = null
  const replaced = text.replace(VARIABLE, (whole, name: string | undefined) => {
    if (whole === '$${') return '${'
    used = true
    if (name === undefined || !VARIABLE_NAME.test(name)) {
      wrong = {
        code: 'E971',
        message: `${whole} names no variable`,
        remedy: 'write $${ for the signs themselves',
      }
      return ''
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (value !== undefined && value !== '') return value
    wrong = {
      code: 'E973',
      message: `the variable ${name} is not set`,
      remedy: `set ${name}, or write the value itself`,
    }
    return ''
  })
  return wrong === null ? { wrong, text: replaced, used } : { wrong }
}

/** Whether a value is a variable and nothing else, so that no secret stands in the file. */
function isVariable(text: string): boolean {
  return text === '' || /^\$\{[A-Za-z_]\w*\}$/.test(text.trim())
}

/** The keys above a node. */
function pathOf(ancestors: readonly unknown[]): readonly string[] {
  return ancestors.flatMap(node => {
    const key = keyNodeOf(node)
    return key === undefined ? [] : [String(key)]
  })
}

function keyNodeOf(node: unknown): unknown {
  if (typeof node !== 'object' || node === null || !('key' in node)) return undefined
  const { key } = node
  return typeof key === 'object' && key !== null && 'value' in key ? key.value : undefined
}

function rangeOf(node: unknown): number {
  if (typeof node !== 'object' || node === null || !('range' in node)) return 0
  return Array.isArray(node.range) && typeof node.range[0] === 'number' ? node.range[0] : 0
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path)
}

function placed(name: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return line === 0 ? name : `${name}, line ${line}, column ${col}`
}

function decoded(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // Every other byte of UTF-16 is one that no text has.
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

function firstLine(text: string): string {
  return text.split('\n')[0]
}

function reasonOf(error: unknown): string {
  return firstLine(error instanceof Error ? error.message : String(error))
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
