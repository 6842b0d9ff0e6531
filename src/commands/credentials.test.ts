import { chmodSync } from 'node:fs'
import { dirname } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Redactor } from '../core/adapters/system/redactor.ts'
import { ConfigError } from '../core/base/errors.ts'
import { defaultConfig } from './config.ts'
import { credentialsOf } from './credentials.ts'
import { Folder } from './world.fixture.ts'

const test = suite('credentials')
const folder = new Folder()
/** No refusal may ever repeat it. */
const CANARY = 'cAnAryOfTheSecret'

test.after(() => folder.remove())

function found(env: { readonly [name: string]: string }, keyFile: string | null = null): readonly string[] {
  const redactor = new Redactor([])
  const { key, secret, from } = credentialsOf(
    { env, cwd: folder.path, redactor },
    { ...defaultConfig(), account: { alias: null, keyFile } },
  )
  assert.is(redactor.text(`${key} and ${secret}`), '*** and ***', 'they are said no more')
  return [key, secret, from]
}

function refusal(env: { readonly [name: string]: string }, keyFile: string | null = null): string {
  try {
    found(env, keyFile)
  } catch (error) {
    if (error instanceof ConfigError) return `${error.message}; ${error.remedy}`
    throw error
  }
  throw new Error('it was taken')
}

function file(name: string, content: string, mode = 0o600): string {
  const path = folder.file(name, content)
  chmodSync(path, mode)
  return path
}

test('the environment comes first, then systemd, then the file', () => {
  const path = file('keys.json', JSON.stringify({ key: 'key3', secret: 'secret3' }))
  const systemd = dirname(file('systemd/bbw-api-key', 'key2\n'))
  file('systemd/bbw-api-secret', 'secret2\n')
  const env = { BBW_API_KEY: 'key1', BBW_API_SECRET: 'secret1', CREDENTIALS_DIRECTORY: systemd }
  assert.equal(found(env, path), ['key1', 'secret1', 'environment'])
  assert.equal(found({ CREDENTIALS_DIRECTORY: systemd }, path), ['key2', 'secret2', 'systemd credentials'])
  assert.equal(found({}, 'keys.json'), ['key3', 'secret3', path])
  assert.equal(found({ CREDENTIALS_DIRECTORY: folder.path }, path), ['key3', 'secret3', path])
})

test('half of them, and none, are told of', () => {
  assert.match(refusal({ BBW_API_KEY: 'key1' }), /BBW_API_KEY is set and BBW_API_SECRET is not/)
  assert.match(refusal({ BBW_API_SECRET: CANARY }), /BBW_API_SECRET is set and BBW_API_KEY is not/)
  assert.match(refusal({}), /there is no API key; set BBW_API_KEY/)
})

test('a file that others can read, or that holds something else, is refused without repeating it', () => {
  const keys = JSON.stringify({ key: 'key1', secret: CANARY })
  assert.match(refusal({}, file('open.json', keys, 0o644)), /^E974 .*chmod 600/)
  for (const [name, content] of [
    ['text.json', `secret ${CANARY}`],
    ['cut.json', keys.slice(0, -2)],
    ['more.json', JSON.stringify({ key: 'key1', secret: CANARY, other: 1 })],
    ['less.json', JSON.stringify({ secret: CANARY })],
    ['number.json', JSON.stringify({ key: 1, secret: CANARY })],
    ['list.json', JSON.stringify([CANARY])],
    ['blank.json', JSON.stringify({ key: 'key1', secret: `${CANARY} ` })],
    ['line.json', JSON.stringify({ key: 'key1\nX-Header: 1', secret: CANARY })],
  ]) {
    const told = refusal({}, file(name, content))
    assert.match(told, /does not hold a key|plain characters/, name)
    assert.not.ok(told.includes(CANARY), name)
  }
})

test.run()
