// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files of settings have variables of this form
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig } from './config.ts'
import { problemLine } from './config-problem.ts'
import { readYaml, shown } from './config-yaml.ts'

const test = suite('settings in a file')
const schema = { ...defaultConfig() }

interface Read {
  readonly tree: unknown
  readonly problems: readonly string[]
  readonly remedies: readonly (string | undefined)[]
  readonly origin: (...path: readonly string[]) => string | undefined
  readonly place: (...path: readonly string[]) => string | undefined
}

async function read(
  text: string | Uint8Array,
  env: { readonly [name: string]: string } = {},
  mode: number | null = 0o600,
): Promise<Read> {
  const problems: string[] = []
  const remedies: (string | undefined)[] = []
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const layer = await readYaml({ name: 'a.yaml', kind: 'file', bytes, mode }, schema, env, problem => {
    problems.push(problemLine(problem))
    remedies.push(problem.remedy)
  })
  return {
    tree: layer === null ? 'unusable' : layer.tree,
    problems,
    remedies,
    origin: (...path) => layer?.origin(path),
    place: (...path) => layer?.place(path),
  }
}

test('a variable stands for a value of the kind that the place takes', async () => {
  const env = { LEV: '5', GATES: 'false', NAMES: '[A, B]', LEVEL: 'warn', X: 'in', OFF: 'null' }
  const { tree, problems, origin, place } = await read(
    [
      'strategies:',
      '  mean-reversion: {leverage: "${LEV}"}',
      'portfolioGates: ${GATES}',
      'universe:',
      '  neverTrade: ${NAMES}',
      '  neverShort: ["A${LEV}", B]',
      'guards: {daily-loss: {usdt: "${OFF}"}}',
      'operations:',
      '  log: {level: "${LEVEL}", file: "/$${X}/${X}/$HOME"}',
    ].join('\n'),
    env,
  )
  assert.equal(problems, [])
  assert.equal(tree, {
    strategies: { 'mean-reversion': { leverage: 5 } },
    portfolioGates: false,
    universe: { neverTrade: ['A', 'B'], neverShort: ['A5', 'B'] },
    guards: { 'daily-loss': { usdt: null } },
    operations: { log: { level: 'warn', file: '/${X}/in/$HOME' } },
  })
  assert.is(origin('portfolioGates'), 'file a.yaml:3 from ${GATES}')
  assert.is(origin('universe', 'neverShort'), 'file a.yaml:6 from A${LEV}')
  assert.is(place('strategies', 'mean-reversion', 'leverage'), 'a.yaml, line 2, column 30')
})

test('a variable that is not set, is empty or none refuses, each with its place', async () => {
  const { problems, remedies } = await read(
    'maxBars: ${BARS}\nfees:\n  maker: ${EMPTY}\n  taker: ${}\nuniverse: {neverTrade: ["${COIN}"], quote: "${"}',
    { EMPTY: '' },
  )
  assert.equal(problems, [
    'E973 a.yaml, line 1, column 10: maxBars: the variable BARS is not set',
    'E973 a.yaml, line 3, column 10: fees.maker: the variable EMPTY is not set',
    'E971 a.yaml, line 4, column 10: fees.taker: ${} names no variable',
    'E973 a.yaml, line 5, column 25: universe.neverTrade: the variable COIN is not set',
    'E971 a.yaml, line 5, column 44: universe.quote: ${ names no variable',
  ])
  assert.is(remedies[0], 'set BARS, or write the value itself')
  // Names of the language itself are no variables.
  assert.match((await read('maxBars: ${constructor}')).problems[0], 'constructor is not set')
})

test('the value of a variable is never shown', async () => {
  const { tree } = await read('maxBars: ${KEY}', { KEY: 'hush' })
  assert.equal(tree, { maxBars: 'hush' })
  const layer = await readYaml(
    { name: 'a', kind: 'file', bytes: Buffer.from('maxBars: ${KEY}'), mode: null },
    schema,
    { KEY: 'hush' },
    () => {},
  )
  assert.is(layer?.show(['maxBars'], 'hush'), 'the value of ${KEY}')
  assert.is(layer?.show(['maxBarz'], 'x'), '"x"')
})

test('what is no YAML, or more than settings need of it, is refused with its place', async () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (const [one, two] of ['ab', 'bc', 'cd', 'de', 'ef'])
    bomb.push(`${two}: &${two} [${Array(9).fill(`*${one}`).join(', ')}]`)
  const cases: readonly (readonly [string | Uint8Array, string])[] = [
    ['maxBars: 1\nmaxBars: 2', 'line 2, column 1: is not YAML: Map keys must be unique'],
    ['maxBars: 1\n---\nmaxBars: 2', 'more than one document'],
    ['fees:\n\tmaker: 0.1', 'line 2, column 1: is not YAML: Tabs are not allowed as indentation'],
    ['maxBars: [', 'is not YAML'],
    ['maxBars: !!js/function x', 'is not YAML: Unresolved tag'],
    ['? [a, b]\n: 1', 'line 1, column 3: a key has to be a name'],
    ['maxBars: *gone', 'is not YAML'],
    [bomb.join('\n'), 'is not YAML: Excessive alias count'],
    [Buffer.from([0x6d, 0xff, 0xfe]), 'a.yaml: is not YAML: it is not UTF-8'],
    [Buffer.from('maxBars: 1', 'utf16le'), 'is not YAML'],
  ]
  for (const [text, about] of cases) {
    const { tree, problems } = await read(text)
    assert.is(tree, 'unusable', String(text))
    assert.ok(problems[0].startsWith('E971 a.yaml') && problems[0].includes(about), `${text}: ${problems[0]}`)
  }
  const [remedy] = (await read('fees:\n\tmaker: 0.1')).remedies
  assert.is(remedy, 'indent with spaces')
})

test('parts that nest without end are refused and do not break anything', async () => {
  const { tree, problems } = await read(`maxBars: ${'['.repeat(50_000)}`)
  assert.is(tree, 'unusable')
  assert.match(problems[0], 'is not YAML')
})

test('a byte order mark, Windows line ends and nothing at all are harmless', async () => {
  assert.equal((await read('\uFEFFmaxBars: 3\r\nfees:\r\n  maker: 0.01\r\n')).tree, {
    maxBars: 3,
    fees: { maker: 0.01 },
  })
  for (const text of ['', '\uFEFF', '# words\r\n', '---\n...\n']) {
    const { tree, problems } = await read(text)
    assert.equal([tree, problems], [null, []], JSON.stringify(text))
  }
})

test('names of the language itself are ordinary keys', async () => {
  const { tree } = await read('__proto__: {maxBars: 1}\nconstructor: 2')
  assert.equal(Object.keys(tree as object), ['__proto__', 'constructor'])
  assert.is(({} as { readonly maxBars?: unknown }).maxBars, undefined)
})

test('a file with a secret that others can read is refused, one without is not', async () => {
  const letters = 'aB3'.repeat(12)
  const refused: readonly (readonly [string, string])[] = [
    ['apiSecret: abc', 'line 1, column 12, apiSecret'],
    ['telegram: {botToken: "x"}', 'telegram.botToken'],
    ['password: 12345', 'password'],
    [`maxBars: ${letters}`, 'a.yaml: has'],
    [`# 123456789:${letters}`, 'a.yaml: has'],
  ]
  for (const [text, place] of refused) {
    for (const mode of [0o644, 0o640, 0o604]) {
      const { tree, problems, remedies } = await read(text, {}, mode)
      assert.is(tree, 'unusable')
      assert.ok(problems[0].startsWith('E974 a.yaml') && problems[0].includes(place), problems[0])
      assert.not(problems[0].includes(letters))
      assert.is(remedies[0], 'chmod 600 a.yaml')
    }
    for (const mode of [0o600, 0o400, null]) assert.is.not((await read(text, {}, mode)).tree, 'unusable')
  }
  const fine = await read('apiSecret: ${SECRET}\nmaxBars: 3', { SECRET: 'hush' }, 0o644)
  assert.equal([fine.tree, fine.problems], [{ apiSecret: 'hush', maxBars: 3 }, []])
})

test('messages show values short and without secrets', () => {
  assert.is(shown(['maxBars'], Number.NaN), 'NaN')
  assert.is(shown(['maxBars'], 'x'), '"x"')
  assert.is(shown(['a', 'apiKey'], 'x'), '***')
  assert.is(shown(['maxBars'], 'aB3'.repeat(12)), '***')
  assert.ok(shown(['maxBars'], 'x'.repeat(1_000)).length < 70)
})

test.run()
