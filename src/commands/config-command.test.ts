// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files of settings have variables of this form
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { configHash, defaultConfig } from './config.ts'
import { configCommand, masked } from './config-command.ts'
import { configExample } from './config-example.ts'
import { bbw, Folder, type Outcome, records, type Setting } from './world.fixture.ts'

const test = suite('config')
const folder = new Folder()
const registry = [{ name: 'config', summary: configCommand.summary, load: async () => configCommand }]

test.after(() => folder.remove())

/** Runs `bbw config` in a folder of its own. */
function config(cwd: string, words: string, setting: Setting = {}): Promise<Outcome> {
  mkdirSync(join(folder.path, cwd), { recursive: true })
  return bbw(['config', ...words.split(' ').filter(word => word !== '')], {
    cwd: join(folder.path, cwd),
    env: {},
    registry,
    ...setting,
  })
}

test('init writes every setting, for its owner alone, and replaces nothing unasked', async () => {
  const path = join(folder.path, 'init', 'bbw.yaml')
  const first = await config('init', 'init')
  assert.equal([first.code, first.out], [0, ''])
  assert.match(first.err, 'bbw.yaml written')
  assert.is(readFileSync(path, 'utf8'), configExample())
  assert.is(statSync(path).mode & 0o777, 0o600)
  const before = folder.file('init/bbw.yaml', 'maxBars: 7\n')
  chmodSync(before, 0o644)
  const second = await config('init', 'init')
  assert.is(second.code, 2)
  assert.match(second.err, /there already.*\n.*--force/)
  assert.is(readFileSync(path, 'utf8'), 'maxBars: 7\n')
  assert.is((await config('init', 'init --force')).code, 0)
  assert.is(readFileSync(path, 'utf8'), configExample())
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.is(existsSync(`${path}.new`), false)
  assert.is((await config('init', 'check')).code, 0)
})

test('init writes where it is told, and says where it cannot', async () => {
  assert.is((await config('to', 'init --to other.yaml')).code, 0)
  assert.is(readFileSync(join(folder.path, 'to', 'other.yaml'), 'utf8'), configExample())
  assert.is((await config('to', 'init --to new/folder/other.yaml')).code, 0)
  assert.is(statSync(join(folder.path, 'to', 'new')).mode & 0o777, 0o700)
  const other = folder.file('to/precious', 'precious')
  symlinkSync(other, join(folder.path, 'to', 'trap.yaml.new'))
  for (const words of [
    'init --to precious/other.yaml',
    'init --force --to precious/other.yaml',
    'init --force --to .',
  ]) {
    const { code, err } = await config('to', words)
    assert.is(code, 4, words)
    assert.match(err, 'cannot be written')
  }
  assert.is((await config('to', 'init --force --to trap.yaml')).code, 4)
  assert.is(readFileSync(other, 'utf8'), 'precious')
})

/** What is wrong with how a misspelt setting was taken. */
function misspelt({ code, err }: { readonly code: number; readonly err: string }): readonly string[] {
  const wrong: string[] = []
  if (code !== 4) wrong.push(`it ended with ${code}`)
  if (!err.includes('E971') || !err.includes('did you mean')) wrong.push('the nearest one was not named')
  return wrong
}

test('K1: a misspelt setting is named with the nearest one, nothing starts, and a reader that passes it over is found out', async () => {
  folder.file('typo/bbw.yaml', 'guards: { total-margin: { percnt: 100 } }\n')
  for (const words of ['run --no-state', 'config check', 'backtest']) {
    const outcome = await bbw(words.split(' '), { cwd: join(folder.path, 'typo') })
    assert.equal(misspelt(outcome), [], `${words}: ${outcome.err}`)
    assert.ok(outcome.err.includes('E971'))
  }
  const lenient: typeof configCommand = {
    ...configCommand,
    async run(world) {
      const read = { ...defaultConfig(), ...parse(readFileSync(join(world.cwd, 'bbw.yaml'), 'utf8')) }
      world.stderr.write(`ok, configuration ${configHash(read)}\n`)
      return 0
    },
    commands: [],
  }
  const planted = [{ name: 'config', summary: '', load: async () => lenient }]
  assert.equal(misspelt(await config('typo', '', { registry: planted })), [
    'it ended with 0',
    'the nearest one was not named',
  ])
})

test('check says what was read, or everything that is wrong', async () => {
  const fine = await config('check', 'check')
  assert.equal([fine.code, fine.out], [0, ''])
  assert.match(fine.err, `ok, configuration ${configHash(defaultConfig())} (defaults alone)`)
  folder.file('check/bbw.yaml', 'maxBars: 5\n')
  const read = await config('check', 'check', { env: { BBW_FEES__MAKER: '0' } })
  assert.match(read.err, '(defaults, then project file bbw.yaml, then environment)')
  folder.file('check/other.yaml', 'maxBar: 5\nfees: {maker: 5}\n')
  const { code, out, err } = await config('check', 'check -c other.yaml')
  assert.is(code, 4)
  assert.is(
    err,
    [
      'E971 other.yaml, line 1, column 9: maxBar is not a setting; did you mean maxBars?',
      'E971 other.yaml, line 2, column 15: fees.maker has to be a number from 0 to 0.1, not 5',
      '2 problems (defaults, then file other.yaml)',
      '',
    ].join('\n'),
  )
  assert.equal(
    records(out).map(({ v, type, code: one, place, remedy }) => [v, type, one, place, remedy]),
    [
      [1, 'problem', 'E971', 'other.yaml, line 1, column 9', 'did you mean maxBars?'],
      [1, 'problem', 'E971', 'other.yaml, line 2, column 15', null],
    ],
  )
  const onTerminal = await config('check', 'check -c other.yaml', { terminals: ['stdout'] })
  assert.equal([onTerminal.code, onTerminal.out, onTerminal.err], [4, '', err])
})

test('check names a file with a secret that others can read, and what to do', async () => {
  chmodSync(folder.file('secret/bbw.yaml', 'botToken: abc\n'), 0o644)
  const { code, err } = await config('secret', 'check')
  assert.is(code, 4)
  assert.match(err, 'E974 bbw.yaml, line 1, column 11, botToken: has a secret in it')
  assert.match(err, 'chmod 600 bbw.yaml')
  assert.not(err.includes('abc'))
})

test('show gives the settings in force as YAML that can be read back', async () => {
  const { code, out } = await config('show', 'show')
  assert.is(code, 0)
  assert.equal(parse(out), defaultConfig())
  const withOrigin = await config('show', 'show --origin')
  assert.equal(parse(withOrigin.out), defaultConfig())
  assert.match(withOrigin.out, 'maxBars: 30 # default (BBW_MAX_BARS)')
})

test('show says where each value comes from', async () => {
  folder.file('origin/bbw.yaml', 'maxBars: 5\nuniverse:\n  neverTrade: [WIF]\nfees: {maker: "${MAKER}"}\n')
  const env = { BBW_DRAWDOWN__PERCENT: '10', MAKER: '0.001' }
  const words = '--starting-balance 5 --no-portfolio-gates'
  const { out } = await config('origin', `show --origin ${words}`, { env })
  const lines = out.split('\n')
  for (const line of [
    'startingBalance: 5 # flag',
    'portfolioGates: false # flag',
    'maxBars: 5 # project file bbw.yaml:1',
    '  maker: 0.001 # project file bbw.yaml:4 from ${MAKER}',
    '  percent: 10 # environment BBW_DRAWDOWN__PERCENT',
    '  haltPercent: 30 # default (BBW_DRAWDOWN__HALT_PERCENT)',
  ]) {
    assert.ok(lines.includes(line), line)
  }
  const after = out.slice(out.indexOf('neverTrade:'))
  assert.match(after.split('[')[0], 'project file bbw.yaml:3')
  const json = await config('origin', `show --origin --json ${words}`, { env })
  const [record] = records(json.out) as unknown as readonly {
    readonly type: string
    readonly settings: { readonly maxBars: number }
    readonly origins: { readonly [path: string]: string }
  }[]
  assert.equal([record.type, record.settings.maxBars], ['config', 5])
  assert.is(record.origins.startingBalance, 'flag')
  assert.is(record.origins['universe.neverTrade'], 'project file bbw.yaml:3')
  assert.is(record.origins['fees.taker'], 'default')
  assert.is(records((await config('origin', 'show --json', { env })).out)[0].origins, undefined)
})

test('show gives away no secret', () => {
  const settings = {
    telegram: { botToken: 'a', chat: 'b' },
    apiKey: 'c',
    password: '',
    secret: null,
    fees: [1],
  }
  assert.equal(masked(settings), {
    telegram: { botToken: '***', chat: 'b' },
    apiKey: '***',
    password: '',
    secret: null,
    fees: [1],
  })
})

test('show refuses a configuration that cannot be used', async () => {
  folder.file('wrong/bbw.yaml', 'maxBars: -1\n')
  const { code, out, err } = await config('wrong', 'show')
  assert.equal([code, out], [4, ''])
  assert.match(err, 'E971 bbw.yaml, line 1')
})

test.run()
