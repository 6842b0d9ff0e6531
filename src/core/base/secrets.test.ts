import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isSecretName, looksSecret, secretsIn, withoutShapes } from './secrets.ts'

const test = suite('secrets')

const LONG = 'aB3'.repeat(12)
const TELEGRAM = `123456789:${LONG}`

test('a secret is known by its name, however that is written', () => {
  for (const name of [
    'apiKey',
    'api_key',
    'API-KEY',
    'secret',
    'BBW_SIM_SECRET',
    'BBW_SIM_KEY',
    'simKey',
    'botToken',
    'password',
    'Authorization',
    'X-BAPI-SIGN',
    'sign',
    'key',
    'Set-Cookie',
    'passphrase',
  ]) {
    assert.ok(isSecretName(name), name)
  }
  for (const name of [
    'signal',
    'monkey',
    'keys',
    'symbol',
    'leverage',
    'assign',
    'clientOrderId',
    'author',
  ]) {
    assert.not(isSecretName(name), name)
  }
})

test('the secrets of the environment are those that are named so', () => {
  const env = { BBW_SIM_KEY: 'a', BBW_SIM_SECRET: 'b', PATH: '/bin', API_TOKEN: '', OTHER_SECRET: undefined }
  assert.equal(secretsIn(env), ['a', 'b'])
})

test('a secret is known by its shape', () => {
  for (const text of [TELEGRAM, `x ${LONG} y`, `-----BEGIN RSA ${'PRIVATE'} KEY-----\nabc`]) {
    assert.ok(looksSecret(text), text)
  }
  for (const text of ['BTCUSDT', 'a'.repeat(64), '0123456789abcdef'.repeat(4), '12:30:45', '']) {
    assert.not(looksSecret(text), text)
  }
})

test('shapes and what stands behind a secret name are taken out of a text, and nothing else', () => {
  const cases: readonly (readonly [string, string])[] = [
    [`https://api.telegram.org/bot${TELEGRAM}/send`, 'https://api.telegram.org/bot***/send'],
    ['GET /v5?api_key=abc&symbol=BTCUSDT&sign=def', 'GET /v5?api_key=***&symbol=BTCUSDT&sign=***'],
    ['{"secret":"abc","qty":"1"}', '{"secret":"***","qty":"1"}'],
    ['{\\"token\\": \\"abc\\"}', '{\\"token\\": \\"***\\"}'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['sent bearer abcdefgh.ijkl==, refused', 'sent bearer ***, refused'],
    ['password = hunter2; next', 'password = ***; next'],
    [`a ${LONG}, b`, 'a ***, b'],
    ['a signal: long BTCUSDT at 5', 'a signal: long BTCUSDT at 5'],
    ['the hash 0123456789abcdef', 'the hash 0123456789abcdef'],
  ]
  for (const [text, expected] of cases) assert.is(withoutShapes(text), expected)
  const pem = `-----BEGIN ${'PRIVATE'} KEY-----\nMIIE\nabc\n-----END ${'PRIVATE'} KEY-----`
  assert.is(withoutShapes(`before ${pem} after`), 'before *** after')
})

test.run()
