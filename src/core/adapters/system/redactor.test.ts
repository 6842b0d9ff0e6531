import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Redactor } from './redactor.ts'

const test = suite('redactor')

/** Checks a property of two hundred made-up cases, the same ones in every run. */
function property(
  secret: fc.Arbitrary<string>,
  before: fc.Arbitrary<string>,
  after: fc.Arbitrary<string>,
  check: (secret: string, before: string, after: string) => void,
): void {
  fc.assert(fc.property(secret, before, after, check), { seed: 20_260_301, numRuns: 200 })
}

const SECRET = 'p/w+ä "q" \\ 7$x'

test('a secret is found in whatever way it is written', () => {
  const redactor = new Redactor([SECRET])
  const written = [
    SECRET,
    JSON.stringify({ a: SECRET }),
    JSON.stringify(JSON.stringify({ a: SECRET })),
    encodeURIComponent(SECRET),
    encodeURIComponent(SECRET).toLowerCase(),
    encodeURIComponent(encodeURIComponent(SECRET)),
    Buffer.from(SECRET).toString('hex'),
    ...['', 'a', 'ab', 'user:'].flatMap(before =>
      ['', 'z', 'zz'].flatMap(after => {
        const bytes = Buffer.from(before + SECRET + after)
        return [bytes.toString('base64'), bytes.toString('base64url')]
      }),
    ),
  ]
  for (const text of written) {
    const clean = redactor.exact(`before ${text} after`)
    assert.ok(clean.includes('***'), `${text}: ${clean}`)
    assert.ok(clean.startsWith('before ') && clean.endsWith(' after'), clean)
  }
})

test('any secret is found at any place, however it is written', () => {
  const around = fc.string({ maxLength: 9 })
  property(
    fc.string({ minLength: 9, maxLength: 60, unit: 'grapheme' }),
    around,
    around,
    (secret, before, after) => {
      const redactor = new Redactor([secret])
      const forms = [
        (text: string) => text,
        (text: string) => JSON.stringify({ text }),
        (text: string) => encodeURIComponent(text),
        (text: string) => Buffer.from(text).toString('base64'),
        (text: string) => Buffer.from(text).toString('base64url'),
        (text: string) => Buffer.from(text).toString('hex'),
      ]
      for (const form of forms) {
        const written = form(`${before}${secret}${after}`)
        if (redactor.exact(written) === written) throw new Error(written)
      }
    },
  )
})

test('what is no secret stays as it is', () => {
  const redactor = new Redactor([SECRET, '', 'abc'])
  const record = { a: 'abc', b: [1, null, true, 'BTCUSDT'], c: { d: '' }, secret: '', token: null }
  assert.equal(redactor.value(record), record)
  assert.equal(new Redactor([]).text('nothing to hide'), 'nothing to hide')
})

test('values are hidden by their names, in lists of headers too, and numbers that are secrets', () => {
  const redactor = new Redactor(['12345678', 'inkeys'])
  assert.equal(
    redactor.value({
      apiKey: 'a',
      headers: { 'X-BAPI-SIGN': 'b', Accept: 'c' },
      rawHeaders: ['Authorization', 'd', 'Accept', 'e'],
      pin: 12345678,
      inkeys: 1,
      credentials: { user: 'f' },
    }),
    {
      apiKey: '***',
      headers: { 'X-BAPI-SIGN': '***', Accept: 'c' },
      rawHeaders: ['Authorization', '***', 'Accept', 'e'],
      pin: '***',
      '***': 1,
      credentials: '***',
    },
  )
})

test('of two secrets of which one begins the other, the longer one is taken out whole', () => {
  assert.is(new Redactor(['abcd', 'abcdefgh']).text('x abcdefgh y'), 'x *** y')
})

test('what is hidden later is hidden from then on, and what signs a request always', () => {
  const redactor = new Redactor(['first-secret'])
  assert.is(redactor.text('first-secret second-secret'), '*** second-secret')
  redactor.hide(['second-secret', 'abc'])
  assert.is(redactor.text('first-secret second-secret abc'), '*** *** abc')
  const signature = '0123456789abcdef'.repeat(4)
  assert.is(redactor.text(`it said ${signature}, and ${signature}x`), 'it said ***, and ***x')
})

test.run()
