// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files of settings have variables of this form
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError } from '../core/base/errors.ts'
import { ruleOf } from '../core/engine/setting-ranges.ts'
import {
  configHash,
  defaultConfig,
  LOG_LEVELS,
  type LoadedConfig,
  loadConfig,
  readConfig,
  userFile,
} from './config.ts'
import { problemLine } from './config-problem.ts'
import { bbw, Folder } from './world.fixture.ts'

const test = suite('sources of the configuration')
const folder = new Folder()
const stdin = Object.assign((async function* () {})(), { isTTY: false })
const project = join(folder.path, 'project')
const XDG = join(folder.path, 'xdg')

test.before(() => {
  mkdirSync(project)
  folder.file('xdg/bbw/config.yaml', 'startingBalance: 1\nmaxBars: 1\nfees: {maker: 0.01, taker: 0.01}\n')
  folder.file('project/bbw.yaml', 'startingBalance: 2\nmaxBars: 2\n')
  folder.file('project/named.yaml', 'startingBalance: 4\n')
})
test.after(() => folder.remove())

function read(env: { readonly [name: string]: string } = {}, ...config: string[]): Promise<LoadedConfig> {
  const world = { env: { XDG_CONFIG_HOME: XDG, ...env }, cwd: project, stdin }
  return readConfig(world, { flags: { config }, args: [] })
}

test('the environment is stronger than the project, that than the user, that than the defaults', async () => {
  const { config, sources, origins, problems } = await read({ BBW_STARTING_BALANCE: '3' })
  assert.equal(problems, [])
  assert.equal([config.startingBalance, config.maxBars, config.fees.maker], [3, 2, 0.01])
  assert.equal(config.drawdown, defaultConfig().drawdown)
  const user = join(XDG, 'bbw', 'config.yaml')
  assert.equal(sources, [`user file ${user}`, 'project file bbw.yaml', 'environment'])
  assert.equal(Object.fromEntries(origins), {
    startingBalance: 'environment BBW_STARTING_BALANCE',
    maxBars: 'project file bbw.yaml:2',
    'fees.maker': `user file ${user}:3`,
    'fees.taker': `user file ${user}:3`,
  })
})

test('a file that is named takes the place of the project file, and of no other', async () => {
  const { config, origins } = await read({}, 'named.yaml')
  assert.equal([config.startingBalance, config.maxBars], [4, 1])
  assert.is(origins.get('startingBalance'), 'file named.yaml:1')
})

test('standard input is a source like a file', async () => {
  const typed = Object.assign(
    (async function* () {
      yield Buffer.from('maxBars: 9')
    })(),
    { isTTY: false },
  )
  const world = { env: {}, cwd: project, stdin: typed }
  const { config, sources, origins } = await readConfig(world, { flags: { config: ['-'] }, args: [] })
  assert.equal([config.maxBars, sources, origins.get('maxBars')], [9, ['standard input'], 'standard input:1'])
})

test('where the file of the user lies', () => {
  assert.is(userFile({ XDG_CONFIG_HOME: '/x', HOME: '/h' }), '/x/bbw/config.yaml')
  assert.is(userFile({ XDG_CONFIG_HOME: 'relative', HOME: '/h' }), '/h/.config/bbw/config.yaml')
  assert.is(userFile({ HOME: '/h' }), '/h/.config/bbw/config.yaml')
  assert.is(userFile({ HOME: '' }), null)
  assert.is(userFile({}), null)
})

test('every problem of every source is told, the first one refuses', async () => {
  folder.file('project/bad.yaml', 'maxBars: 0\nmaxBar: 1\nfees:\n  maker: ${NONE}\n')
  const env = { BBW_PORTFOLIO_GATES: 'maybe', BBW_DRAWDOWN__PERCENT: '50' }
  const { problems } = await read(env, 'bad.yaml')
  assert.equal(problems.map(problemLine), [
    'E973 bad.yaml, line 4, column 10: fees.maker: the variable NONE is not set',
    'E971 bad.yaml, line 1, column 10: maxBars has to be a whole number from 1 to 100000, not 0',
    'E971 bad.yaml, line 2, column 9: maxBar is not a setting',
    'E971 BBW_PORTFOLIO_GATES: portfolioGates has to be a boolean, not "maybe"',
    'E971 environment BBW_DRAWDOWN__PERCENT: drawdown.percent (50) may not be above drawdown.haltPercent (30): the pause has to come before the halt, or it never comes',
  ])
  const world = { env: { ...env }, cwd: project, stdin }
  try {
    await loadConfig(world, { flags: { config: ['bad.yaml'] }, args: [] })
    assert.unreachable()
  } catch (error) {
    assert.instance(error, ConfigError)
    assert.match(
      (error as ConfigError).message,
      /^E973 bad.yaml, line 4, .* \(and 4 more: bbw config check\)$/,
    )
    assert.is((error as ConfigError).remedy, 'set NONE, or write the value itself')
  }
})

test('a variable in the place of a key is refused by every command that trades', async () => {
  folder.file('project/key.yaml', 'startingBalance: ${BBW_TEST_NOT_SET}\n')
  for (const command of ['scan', 'backtest', 'trade']) {
    const { code, err } = await bbw([command, '-c', 'key.yaml'], { cwd: project, stdin: '{}' })
    assert.is(code, 4, err)
    assert.match(
      err,
      'E973 key.yaml, line 1, column 18: startingBalance: the variable BBW_TEST_NOT_SET is not set',
    )
  }
})

test('what only concerns the operation changes no hash', async () => {
  const env = {
    XDG_CONFIG_HOME: '/nowhere',
    BBW_OPERATIONS__LOG__LEVEL: 'debug',
    BBW_OPERATIONS__LOG__FILE: '/x.log',
    BBW_OPERATIONS__BACKUP_KEEP: '3',
  }
  folder.file('project/empty.yaml', '')
  const { config, problems } = await read(env, 'empty.yaml')
  assert.equal(problems, [])
  assert.equal(config.operations, {
    log: { level: 'debug', file: '/x.log', maxMegabytes: 10 },
    backupKeep: 3,
    snapshotSeconds: 1,
    decisions: { journal: false, keepDays: 30 },
  })
  assert.is(configHash(config), configHash(defaultConfig()))
})

test('the levels of the log are those that the settings allow', () => {
  assert.equal(ruleOf('operations.log.level'), { kind: 'choice', of: LOG_LEVELS })
})

test.run()
