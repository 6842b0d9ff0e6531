import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CommandSpec, ParsedArguments } from './command.ts'
import { type CommandLine, readCommandLine } from './command-line.ts'
import type { RegistryEntry } from './registry.ts'

const test = suite('command line')

const run = async (): Promise<number> => 0

const scan: CommandSpec = {
  name: 'scan',
  summary: 'look at the market',
  examples: ['bbw scan --symbol BTCUSDT', 'bbw scan | bbw trade'],
  arguments: [{ name: '[file]', description: 'candles' }],
  flags: [
    { flags: '--symbol <name>', description: 'one symbol', repeatable: true },
    { flags: '--side <side>', description: 'one side', choices: ['long', 'short'] },
    { flags: '--only <kind>', description: 'kinds', choices: ['a', 'b'], repeatable: true },
    { flags: '--min-score <score>', description: 'least score', default: '5' },
    { flags: '-n, --limit <count>', description: 'at most' },
    { flags: '--json', description: 'records' },
  ],
  run,
}

const trade: CommandSpec = {
  name: 'trade',
  summary: 'execute signals',
  description: 'Reads scored signals.',
  examples: ['bbw trade'],
  flags: [{ flags: '--execute', description: 'not dry' }],
  commands: [{ name: 'close', summary: 'close a position', examples: ['bbw trade close BTCUSDT'], run }],
  run,
}

const data: CommandSpec = {
  name: 'data',
  summary: 'market data',
  examples: ['bbw data list'],
  commands: [
    { name: 'list', summary: 'list them', examples: ['bbw data list'], run },
    {
      name: 'import',
      summary: 'import them',
      examples: [],
      arguments: [{ name: '<path...>', description: 'files' }],
      run,
    },
  ],
}

function entries(loaded: string[]): readonly RegistryEntry[] {
  return [scan, trade, data].map(spec => ({
    name: spec.name,
    summary: spec.summary,
    load: async () => {
      loaded.push(spec.name)
      return spec
    },
  }))
}

function understand(line: string, loaded: string[] = []): Promise<CommandLine> {
  const argv = line === '' ? [] : line.split(' ')
  return readCommandLine(argv, entries(loaded), '1.2.3', 80)
}

async function parsed(line: string): Promise<ParsedArguments> {
  const found = await understand(line)
  if (found.kind !== 'run') throw new Error(`${line}: ${found.text}`)
  return found.parsed
}

async function answer(line: string): Promise<string> {
  const found = await understand(line)
  if (found.kind !== 'answer') throw new Error(`${line} is no answer but ${found.kind}`)
  return found.text
}

async function refusal(line: string): Promise<readonly string[]> {
  const found = await understand(line)
  if (found.kind !== 'refusal') throw new Error(`${line} is no refusal but ${found.kind}`)
  return found.text.trimEnd().split('\n')
}

test('flags and arguments reach the command by their names', async () => {
  assert.equal(await parsed('scan a.csv --symbol A --symbol B --side long --min-score 6 -n 3 --json'), {
    args: ['a.csv'],
    flags: { symbol: ['A', 'B'], side: 'long', minScore: '6', limit: '3', json: true },
  })
  assert.equal(await parsed('scan -'), { args: ['-'], flags: {} })
  assert.equal(await parsed('data import a b'), { args: ['a', 'b'], flags: {} })
  assert.equal(await parsed('trade --execute'), { args: [], flags: { execute: true } })
  assert.equal(await parsed('scan -- --json'), { args: ['--json'], flags: {} })
  assert.equal(await parsed('scan --only a --only b'), { args: [], flags: { only: ['a', 'b'] } })
})

test('the flags that every command has stand before or behind it', async () => {
  for (const line of ['--quiet --verbose --no-color data list', 'data list --no-color --verbose --quiet']) {
    const found = await understand(line)
    if (found.kind !== 'run') throw new Error(line)
    assert.equal(found.globals, { color: false, quiet: true, verbose: true })
    assert.equal(found.parsed.flags, {})
    assert.is(found.title, 'bbw data list')
  }
})

test('only the command that is named is loaded', async () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['--help', []],
    ['--version', []],
    ['scna', []],
    ['--quiet scan', ['scan']],
    ['data list', ['data']],
    ['help trade', ['trade']],
  ]
  for (const [line, expected] of cases) {
    const loaded: string[] = []
    await understand(line, loaded)
    assert.equal(loaded, expected, line)
  }
})

test('no command, a group alone and every way to ask for help answer with help', async () => {
  const overview = await answer('')
  for (const name of ['scan', 'trade', 'data']) assert.match(overview, new RegExp(`^  ${name} `, 'm'))
  assert.is(await answer('--help'), overview)
  assert.is(await answer('-h'), overview)
  assert.is(await answer('help'), overview)
  const group = await answer('data')
  assert.match(group, /^ {2}list /m)
  for (const line of ['data -h', 'data --help', 'help data']) assert.is(await answer(line), group)
  assert.is(await answer('help data import'), await answer('data import --help'))
})

test('the version is an answer', async () => {
  assert.is(await answer('--version'), '1.2.3\n')
  assert.is(await answer('-V'), '1.2.3\n')
})

test('help begins with the examples and shows defaults, choices and the flags of every command', async () => {
  const text = await answer('scan --help')
  assert.ok(text.startsWith('Examples:\n  bbw scan --symbol BTCUSDT\n  bbw scan | bbw trade\n'))
  assert.match(text, 'least score (default: 5)')
  assert.match(text, 'choices: "long", "short"')
  assert.match(text, '--no-color')
  assert.match(text, 'Look at the market.')
  assert.match(await answer('trade --help'), 'Reads scored signals.')
  const child = await answer('trade close --help')
  assert.match(child, '--no-color')
  assert.not.match(child, '--execute', 'a flag of the group, which its command refuses')
})

test('a near command is suggested and not run', async () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['scna', "bbw: unknown command 'scna'", '(Did you mean scan?)'],
    ['help scna', "bbw: unknown command 'scna'", '(Did you mean scan?)'],
    ['scna --help', "bbw: unknown command 'scna'", '(Did you mean scan?)'],
    ['data lst', "bbw data: unknown command 'lst'", '(Did you mean list?)'],
    ['data lst -h', "bbw data: unknown command 'lst'", '(Did you mean list?)'],
    ['trade clsoe', "bbw trade: unknown command 'clsoe'", '(Did you mean close?)'],
    ['trade clsoe --help', "bbw trade: unknown command 'clsoe'", '(Did you mean close?)'],
  ]
  for (const [line, first, second] of cases)
    assert.equal((await refusal(line)).slice(0, 2), [first, second], line)
})

test('a wrong flag is refused with the nearest one and the way to the help', async () => {
  assert.equal(await refusal('scan --symbl A'), [
    "bbw scan: unknown option '--symbl'",
    '(Did you mean --symbol?)',
    'try: bbw scan --help',
  ])
  assert.equal(await refusal('data --lst'), ["bbw data: unknown option '--lst'", 'try: bbw data --help'])
  assert.equal(await refusal('--vebrose'), [
    "bbw: unknown option '--vebrose'",
    '(Did you mean --verbose?)',
    'try: bbw --help',
  ])
})

test('a wrong, missing or surplus value is refused', async () => {
  assert.match(
    (await refusal('scan --side up'))[0],
    "argument 'up' is invalid. Allowed choices are long, short.",
  )
  assert.match((await refusal('scan --only c'))[0], "argument 'c' is invalid. Allowed choices are a, b.")
  assert.match((await refusal('scan --symbol'))[0], 'argument missing')
  assert.match((await refusal('data import'))[0], "bbw data import: missing required argument 'path'")
  assert.match((await refusal('scan a b'))[0], 'too many arguments')
})

test.run()
