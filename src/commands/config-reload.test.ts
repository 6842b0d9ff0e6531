import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError } from '../core/base/errors.ts'
import { type Config, defaultConfig, readConfig } from './config.ts'
import { changeLine, reloadConfig, reloadPlan, watchReload } from './config-reload.ts'
import { Folder } from './world.fixture.ts'

const test = suite('reload of the configuration')
const folder = new Folder()
const stdin = Object.assign((async function* () {})(), { isTTY: false })
const parsed = { flags: {}, args: [] }

test.after(() => folder.remove())

const RISKIER = 'maxBars: 60\nuniverse: {neverTrade: [WIF, TRUMP, MELANIA, BONK, FLOKI, BLESS, X]}\n'

test('a plan names every change and which of them raise risk', () => {
  const before = defaultConfig()
  assert.equal(reloadPlan(before, defaultConfig()), { same: true, changes: [] })
  const after: Config = {
    ...before,
    maxBars: 20,
    portfolioGates: false,
    drawdown: { ...before.drawdown, percent: 20 },
    operations: { ...before.operations, backupKeep: 1 },
  }
  const { same, changes } = reloadPlan(before, after)
  assert.is(same, false)
  assert.equal(
    changes.map(({ path, from, to, raisesRisk }) => [path, from, to, raisesRisk]),
    [
      ['portfolioGates', true, false, true],
      ['drawdown.percent', 15, 20, true],
      ['maxBars', 30, 20, false],
      ['operations.backupKeep', 7, 1, false],
    ],
  )
  assert.is(changeLine(changes[0]), 'portfolioGates: true to false (raises risk)')
  assert.is(changeLine(changes[2]), 'maxBars: 30 to 20')
})

test('only what raises no risk is taken over at once', async () => {
  folder.file('bbw.yaml', RISKIER)
  const { plan, safe, whole, pending } = await reloadConfig(
    { env: {}, cwd: folder.path, stdin },
    parsed,
    defaultConfig(),
    config => ({ ...config, startingBalance: 1_000 }),
  )
  assert.equal(
    plan.changes.map(({ path }) => path),
    ['universe.neverTrade', 'maxBars'],
  )
  assert.equal(
    pending.map(({ path }) => path),
    ['maxBars'],
  )
  assert.equal([safe.maxBars, safe.universe.neverTrade.length], [30, 7])
  assert.equal([whole.maxBars, whole.universe.neverTrade.length], [60, 7])
  const { universe, ...rest } = safe
  const { universe: before, ...others } = defaultConfig()
  assert.equal(rest, others)
  assert.equal({ ...universe, neverTrade: before.neverTrade }, before)
})

test('what cannot be read again is refused', async () => {
  const world = { env: {}, cwd: folder.path, stdin }
  const refused = async (config: readonly string[], about: RegExp): Promise<void> => {
    try {
      await reloadConfig(world, { flags: { config }, args: [] }, defaultConfig())
      assert.unreachable()
    } catch (error) {
      assert.instance(error, ConfigError)
      assert.match((error as ConfigError).message, about)
    }
  }
  folder.file('wrong.yaml', 'maxBars: 0')
  await refused(['-'], /standard input and cannot be read again/)
  await refused(['wrong.yaml'], /^E971 wrong.yaml/)
})

interface Loop {
  /** Sends SIGHUP and waits for what comes of it. */
  hangup(): Promise<readonly string[]>
  readonly stop: () => void
  readonly config: () => Config
  pass(ms: number): void
  readonly questions: readonly string[]
}

/** A loop that listens; with `answers` there is a person at its terminal. */
function loop(answers: boolean[] | null): Loop {
  let config = defaultConfig()
  let time = 0
  let hear = (): void => {}
  let said: readonly string[] | null = null
  let wake = (): void => {}
  const questions: string[] = []
  const stop = watchReload(
    {
      env: {},
      cwd: folder.path,
      stdin,
      clock: { now: () => 0, monotonic: () => time, sleep: async () => {} },
      hangup: {
        listen(callback) {
          hear = callback
          return () => {
            hear = () => {}
          }
        },
      },
    },
    parsed,
    {
      current: () => config,
      apply: next => {
        config = next
      },
      say(lines) {
        said = lines
        wake()
      },
      ask:
        answers === null
          ? null
          : async question => {
              questions.push(question)
              return answers.shift() ?? false
            },
      withFlags: next => next,
    },
  )
  return {
    async hangup() {
      said = null
      const heard = new Promise<void>(resolve => {
        wake = resolve
      })
      hear()
      await heard
      // What follows what was said is done by then.
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
      return said ?? []
    },
    stop,
    config: () => config,
    pass: ms => {
      time += ms
    },
    questions,
  }
}

/** What a loop takes over of a file that raises risk and lowers it, before anybody has confirmed anything. */
async function takenOver(hangup: () => Promise<Config>): Promise<readonly string[]> {
  folder.file('bbw.yaml', RISKIER)
  const { maxBars, universe } = await hangup()
  const taken: string[] = []
  if (maxBars !== defaultConfig().maxBars) taken.push('what raises risk')
  if (universe.neverTrade.length !== defaultConfig().universe.neverTrade.length) taken.push('what does not')
  return taken
}

test('K2: of a file that was edited, what raises risk is told and waits, and a loop that takes all of it is found out', async () => {
  const real = loop(null)
  let lines: readonly string[] = []
  const taken = await takenOver(async () => {
    lines = await real.hangup()
    return real.config()
  })
  assert.equal(taken, ['what does not'])
  assert.is(lines[0].split(' ')[0], 'W972')
  assert.ok(lines.includes('maxBars: 30 to 60 (raises risk)'))
  real.stop()
  const eager = async (): Promise<Config> =>
    (await readConfig({ env: {}, cwd: folder.path, stdin }, parsed)).config
  assert.equal(await takenOver(eager), ['what raises risk', 'what does not'])
})

test('without a terminal a second SIGHUP within a minute confirms what raises risk', async () => {
  folder.file('bbw.yaml', RISKIER)
  const { hangup, config, pass } = loop(null)
  const first = await hangup()
  assert.match(first[0], '1 of 2 changes wait for a confirmation: send SIGHUP once more within 60 s')
  assert.equal(first.slice(-1), ['maxBars: 30 to 60 (raises risk)'])
  assert.equal([config().maxBars, config().universe.neverTrade.length], [30, 7])
  pass(60_001)
  assert.match((await hangup())[0], '1 of 1 changes wait')
  pass(59_000)
  assert.match((await hangup())[0], 'confirmed and taken over')
  assert.is(config().maxBars, 60)
  assert.match((await hangup())[0], 'nothing has changed')
})

test('what was changed once more between the two is not what was confirmed', async () => {
  folder.file('bbw.yaml', 'maxBars: 60\n')
  const { hangup, config } = loop(null)
  await hangup()
  folder.file('bbw.yaml', 'maxBars: 90\n')
  assert.match((await hangup())[0], '1 of 1 changes wait')
  assert.is(config().maxBars, 30)
})

test('at a terminal the person is asked', async () => {
  folder.file('bbw.yaml', RISKIER)
  const { hangup, config, questions } = loop([false, true])
  assert.match((await hangup())[0], 'Not confirmed')
  assert.equal([config().maxBars, config().universe.neverTrade.length], [30, 7])
  assert.match((await hangup())[0], 'Confirmed')
  assert.is(config().maxBars, 60)
  assert.equal(questions.length, 2)
})

test('what the exchange and the log were opened with waits for a new start, whoever confirms it', async () => {
  const { startingBalance, operations } = defaultConfig()
  const level = operations.log.level === 'debug' ? 'warn' : 'debug'
  folder.file('bbw.yaml', `startingBalance: 5000\noperations: {log: {level: ${level}}}\n`)
  const { hangup, config, questions } = loop([true, true])
  const alone = await hangup()
  assert.match(alone[0], 'in what only a new start takes over')
  assert.is(alone.length, 3)
  assert.ok(alone.slice(1).every(line => line.endsWith(': only a new start takes it over')))
  assert.equal(config(), defaultConfig())
  folder.file('bbw.yaml', 'startingBalance: 5000\nmaxBars: 60\n')
  assert.match((await hangup())[0], 'Confirmed')
  assert.equal([config().maxBars, config().startingBalance], [60, startingBalance])
  assert.is(questions.length, 1)
})

test('a file with mistakes changes nothing and ends nothing', async () => {
  folder.file('bbw.yaml', 'maxBars: 0\n')
  const { hangup, config, stop } = loop(null)
  assert.match((await hangup())[0], 'not taken over: E971 bbw.yaml, line 1')
  assert.equal(config(), defaultConfig())
  folder.file('bbw.yaml', 'maxBars: 20\n')
  assert.match((await hangup())[0], 'was taken over')
  assert.is(config().maxBars, 20)
  stop()
})

test.run()
