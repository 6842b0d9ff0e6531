/** What gives a secret away: the name it goes by, and the shape it has. */

const PARTS =
  /secret|token|passw|passphrase|passcode|apikey|authorization|signature|cookie|credential|privatekey|listenkey/
const LAST_WORDS = ['key', 'sign', 'auth']

/** Whether what goes by this name is a secret: `apiKey`, `X-BAPI-SIGN`, `bot_token`, `BBW_SIM_KEY`. */
export function isSecretName(name: string): boolean {
  const words = name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).filter(word => word !== '')
  const last = words[words.length - 1]?.toLowerCase()
  return PARTS.test(words.join('').toLowerCase()) || (last !== undefined && LAST_WORDS.includes(last))
}

/** The values of the variables whose names say that they are secrets, for a `Log` to keep to itself. */
export function secretsIn(env: { readonly [name: string]: string | undefined }): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && value !== '' && isSecretName(name) ? [value] : [],
  )
}

/** The token of a Telegram bot, as it also stands in the addresses of its requests. */
const TELEGRAM_TOKEN = /\d{6,12}:[\w-]{30,}/g
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|[\s\S]*$)/g
/** Letters of both cases and digits without a break, as long as the secrets of exchanges are. */
const LONG_WORD = /(?<![\w-])(?=[^\W_]*[a-z])(?=[^\W_]*[A-Z])(?=[^\W_]*\d)[A-Za-z\d]{32,}(?![\w-])/g
/** What signs a request: 32 bytes in hexadecimal. */
const SIGNATURE = /[\da-f]{64}/gi
const NAMED =
  /((?:api[-_ ]?key|secret(?:[-_]?key)?|listen[-_]?key|passw(?:or)?d|passphrase|signature|\bsign|token|authorization|cookie)\\*["']?\s*[=:]\s*\\*["']?(?:(?:bearer|basic)\s+)?)([^\s"'\\&,;}<>]+)/gi
const BEARER = /\b(bearer\s+)([\w.~+/-]{8,}=*)/gi

/** Stands where a secret was. */
export const REDACTED = '***'

/** Whether a text has a part that has the shape of a secret: a Telegram token, a private key, an exchange's secret. */
export function looksSecret(text: string): boolean {
  return [TELEGRAM_TOKEN, PRIVATE_KEY, LONG_WORD].some(pattern => text.search(pattern) !== -1)
}

/** The text without what has the shape of a secret or stands behind the name of one (`secret=...`, `token: ...`). */
export function withoutShapes(text: string): string {
  return text
    .replace(PRIVATE_KEY, REDACTED)
    .replace(TELEGRAM_TOKEN, REDACTED)
    .replace(SIGNATURE, REDACTED)
    .replace(LONG_WORD, REDACTED)
    .replace(NAMED, `$1${REDACTED}`)
    .replace(BEARER, `$1${REDACTED}`)
}
