import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError } from '../core/base/errors.ts'
import { readPrivate } from './private-file.ts'
import { Folder } from './world.fixture.ts'

const test = suite('private file')
const folder = new Folder()

test.after(() => folder.remove())

function refusal(path: string): ConfigError {
  try {
    readPrivate(path)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error(`${path} was read`)
}

function secret(name: string, mode: number): string {
  const path = folder.file(name, '{"a":1}')
  chmodSync(path, mode)
  return path
}

test('what the owner alone can read is read', () => {
  assert.is(readPrivate(secret('good', 0o600)), '{"a":1}')
  assert.is(readPrivate(secret('strict', 0o400)), '{"a":1}')
})

test('K4: what anybody else could read is refused, with the words that help', () => {
  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o601]) {
    const path = secret('open', mode)
    const { message, remedy } = refusal(path)
    assert.ok(message.startsWith('E974') && message.includes('can be read by others'))
    assert.is(remedy, `chmod 600 ${path}`)
  }
})

/** Secrets that a reader takes although others can read them, or could by a link or a checkout. */
function takenBy(read: (path: string) => string): readonly string[] {
  const link = join(folder.path, 'other-link')
  symlinkSync(secret('other-target', 0o600), link)
  mkdirSync(join(folder.path, 'other', '.git'), { recursive: true })
  const exposed = [secret('exposed', 0o644), link, secret('other/keys', 0o600)]
  return exposed.filter(path => {
    try {
      return read(path) !== ''
    } catch {
      return false
    }
  })
}

test('K4: a reader that does not look who else can read is found out', () => {
  assert.equal(takenBy(readPrivate), [])
  rmSync(join(folder.path, 'other-link'))
  assert.is(takenBy(path => readFileSync(path, 'utf8')).length, 3)
})

test('K4: a link, a folder and what is not there are no secrets', () => {
  const link = join(folder.path, 'link')
  symlinkSync(secret('target', 0o600), link)
  assert.match(refusal(link).message, /^E974 .*is a link/)
  assert.match(refusal(folder.path).message, /is no plain file/)
  assert.match(refusal(join(folder.path, 'gone')).message, /cannot be read: ENOENT/)
  assert.match(refusal(secret('long', 0o600).replace('long', 'longer')).message, /ENOENT/)
})

test('K4: a secret in a checkout is refused, in whatever folder of it', () => {
  mkdirSync(join(folder.path, 'repo', '.git'), { recursive: true })
  const path = secret('repo/deep/down/keys', 0o600)
  assert.match(refusal(path).message, /^E974 .*lies in the checkout .*repo$/)
  // What opens nothing but a made-up exchange may.
  assert.is(readPrivate(path, true), '{"a":1}')
})

test.run()
