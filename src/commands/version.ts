import { readFileSync } from 'node:fs'

/** The version in `package.json`, which lies two folders up in a checkout and in an installed package alike. */
export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return String(version)
}
