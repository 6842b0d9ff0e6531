/** A text file of the project, its path from the root with forward slashes. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** What an import statement, a re-export or a dynamic import names, and on which line (from 1). */
export interface ImportOf {
  readonly specifier: string
  readonly line: number
}

/** A text of the same length and lines, in which what is not code is blank. */
export interface Masked {
  /** Without comments, strings, the fixed parts of templates and regular expressions. */
  readonly code: string
  /** Without comments. */
  readonly uncommented: string
}

/** After one of these a slash begins a regular expression, after anything else it divides. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|throw|await|yield))\s*$/

/** True at the slash of `</Box>` or `<Box />`, which begins no regular expression. */
function closesElement(text: string, at: number): boolean {
  if (text[at - 1] === '<') return true
  return text[at + 1] === '>' && /["'}\w]\s*$/.test(text.slice(Math.max(0, at - 40), at))
}

function endOfString(text: string, start: number): number {
  const quote = text[start]
  for (let i = start + 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1
    else if (text[i] === quote || text[i] === '\n') return i + 1
  }
  return text.length
}

function endOfRegExp(text: string, start: number): number {
  let inClass = false
  for (let i = start + 1; i < text.length; i += 1) {
    const char = text[i]
    if (char === '\n') return i
    if (char === '\\') i += 1
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass) return i + 1
  }
  return text.length
}

/** The end of the fixed part of a template that begins at `start`: behind its backtick or its `${`. */
function endOfTemplatePart(text: string, start: number): { readonly end: number; readonly opens: boolean } {
  for (let i = start; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1
    else if (text[i] === '`') return { end: i + 1, opens: false }
    else if (text[i] === '$' && text[i + 1] === '{') return { end: i + 2, opens: true }
  }
  return { end: text.length, opens: false }
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}

/** Blanks what is not code in TypeScript source. */
export function mask(text: string): Masked {
  let code = ''
  let uncommented = ''
  /** For each template being inside of: how many braces are open in its current expression. */
  const templates: number[] = []
  const keep = (end: number): void => {
    code += text.slice(code.length, end)
    uncommented += text.slice(uncommented.length, end)
  }
  const hide = (end: number, isComment: boolean): void => {
    const part = text.slice(code.length, end)
    code += blank(part)
    uncommented += isComment ? blank(part) : part
  }
  const template = (start: number): void => {
    const { end, opens } = endOfTemplatePart(text, start)
    hide(end, false)
    if (opens) templates.push(0)
  }
  while (code.length < text.length) {
    const at = code.length
    const char = text[at]
    const two = text.slice(at, at + 2)
    const open = templates.length - 1
    if (two === '//' || (at === 0 && two === '#!')) {
      const end = text.indexOf('\n', at)
      hide(end === -1 ? text.length : end, true)
    } else if (two === '/*') {
      const end = text.indexOf('*/', at + 2)
      hide(end === -1 ? text.length : end + 2, true)
    } else if (char === "'" || char === '"') hide(endOfString(text, at), false)
    else if (char === '`') template(at + 1)
    else if (char === '}' && templates[open] === 0) {
      templates.pop()
      template(at + 1)
    } else if (char === '/' && !closesElement(text, at) && BEFORE_REGEXP.test(code.slice(-40)))
      hide(endOfRegExp(text, at), false)
    else {
      if (open >= 0 && char === '{') templates[open] += 1
      if (open >= 0 && char === '}') templates[open] -= 1
      keep(at + 1)
    }
  }
  return { code, uncommented }
}

/** The number of the line, from 1, on which the character at `index` lies. */
export function lineAt(text: string, index: number): number {
  let line = 1
  for (let i = text.indexOf('\n'); i !== -1 && i < index; i = text.indexOf('\n', i + 1)) line += 1
  return line
}

const IMPORT = /(?<![.#\w])(?:import|export)\b(?:[\w\s{},*]*?\bfrom)?\s*\(?\s*['"]([^'"\n]+)['"]/g

/** Everything that a file imports, types too, in the order of the text. */
export function importsOf({ code, uncommented }: Masked): readonly ImportOf[] {
  return [...uncommented.matchAll(IMPORT)]
    .filter(match => /^(?:import|export)/.test(code.slice(match.index)))
    .map(match => ({ specifier: match[1], line: lineAt(uncommented, match.index) }))
}
