import { Buffer } from 'node:buffer'
import { isSecretName, REDACTED, withoutShapes } from '../../base/secrets.ts'

/** What is shorter would be found in words that are none of its business. */
const SHORTEST = 4
/** A part of an encoded secret that is shorter says nothing of it. */
const SHORTEST_PART = 8

/** Takes secrets out of texts and values: by what they are, by the names they go by and by their shapes. */
export class Redactor {
  readonly #secrets = new Set<string>()
  #forms: RegExp | null = null

  /** `secrets` are the exact values; those of fewer than 4 characters are left to their names. */
  constructor(secrets: readonly string[]) {
    this.hide(secrets)
  }

  /** Further exact values that are secret from now on. */
  hide(secrets: readonly string[]): void {
    for (const secret of secrets) if (secret.length >= SHORTEST) this.#secrets.add(secret)
    const forms = [...this.#secrets].flatMap(formsOf).sort((one, other) => other.length - one.length)
    const unique = [...new Set(forms)]
    this.#forms = unique.length === 0 ? null : new RegExp(unique.map(escaped).join('|'), 'g')
  }

  /** The text without any secret. */
  text(text: string): string {
    return withoutShapes(this.exact(text))
  }

  /** The text without the exact values, in whatever way they are written. */
  exact(text: string): string {
    return this.#forms === null ? text : text.replace(this.#forms, REDACTED)
  }

  /** A value as JSON has it, without secrets in its texts, its keys, and behind the names of secrets. */
  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'number') return this.exact(String(value)) === String(value) ? value : REDACTED
    if (Array.isArray(value)) return value.map((one, index) => this.#element(value, one, index))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => {
        const isHidden = isSecretName(key) && one !== null && one !== ''
        return [this.text(key), isHidden ? REDACTED : this.value(one)]
      }),
    )
  }

  /** Raw headers come as a list in which each name is followed by its value. */
  #element(list: readonly unknown[], value: unknown, index: number): unknown {
    const before = list[index - 1]
    const isNamed = index % 2 === 1 && typeof before === 'string' && isSecretName(before)
    return isNamed && typeof value === 'string' ? REDACTED : this.value(value)
  }
}

/** A secret in all the ways in which it is written somewhere. */
function formsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const url = encodeURIComponent(secret.toWellFormed())
  const bytes = Buffer.from(secret, 'utf8')
  return [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    url,
    url.replace(/%[\dA-F]{2}/g, code => code.toLowerCase()),
    url.replaceAll('%20', '+'),
    encodeURIComponent(url),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[0, 1, 2].flatMap(shift => base64Of(bytes, shift)),
  ]
}

/** The part of a base64 text that is the same whatever stands around the secret, `shift` bytes after a group's start. */
function base64Of(bytes: Buffer, shift: number): readonly string[] {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
  const first = Math.ceil((shift * 8) / 6)
  const last = Math.floor(((shift + bytes.length) * 8) / 6)
  const part = text.slice(first, last)
  if (part.length < SHORTEST_PART) return shift === 0 ? [text] : []
  return [part, part.replaceAll('+', '-').replaceAll('/', '_')]
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
