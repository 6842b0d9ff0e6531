/** Texts from outside the YAML (variables) as the values that the place in the configuration takes. */

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i

/**
 * The text as the kind of value that `standard`, the setting's default, is: a number, a switch, a list of names or a
 * text. What does not read as one stays a text, for the check of the settings to refuse.
 */
export function valueFor(standard: unknown, text: string): unknown {
  const plain = text.trim()
  if (Array.isArray(standard)) return listOf(plain) ?? text
  if (typeof standard === 'string') return unquoted(plain)
  if (plain === '~' || plain === 'null') return null
  if (typeof standard === 'boolean') return plain === 'true' ? true : plain === 'false' ? false : text
  if (NUMBER.test(plain)) return Number(plain)
  return unquoted(plain)
}

/** `[BTC, ETH]` or `BTC, ETH` as a list; `undefined` where the brackets do not match. */
function listOf(text: string): readonly string[] | undefined {
  const open = text.startsWith('[')
  if (open !== text.endsWith(']')) return undefined
  const inner = (open ? text.slice(1, -1) : text).trim()
  if (inner === '') return []
  return inner.split(',').map(name => unquoted(name.trim()))
}

function unquoted(text: string): string {
  const match = /^(["'])(.*)\1$/s.exec(text)
  return match === null ? text : match[2]
}
