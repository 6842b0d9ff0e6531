import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  answerOf,
  CALM,
  marketsOf,
  misbehave,
  Recorder,
  ROUGH,
  throughJson,
  WALLET,
} from '../adapters/sim/market.fixture.ts'
import { random } from '../base/random.ts'
import { Engine } from './engine.ts'
import type { Input } from './protocol.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('replay')
const SEED = 20_260_301
console.log(`seed ${SEED}`)

const OPTIONS = { wallet: WALLET, lacking: 'skip' as const }

/** Drawdowns small enough that pauses and halts happen within the days of a test. */
const NERVOUS: Settings = {
  ...defaultSettings(),
  drawdown: { percent: 2, pauseHours: 24, haltPauses: 6, haltDays: 30, haltPercent: 30, closeAll: false },
}

/** Feeds recorded inputs to `engine`, which `between` may replace before each, and compares every answer. */
function replayed(
  inputs: readonly Input[],
  answers: readonly string[],
  first: Engine,
  between: (engine: Engine, i: number) => Engine,
): Engine {
  let engine = first
  inputs.forEach((input, i) => {
    engine = between(engine, i)
    const answer = answerOf(engine.step(input), engine.wakeAt)
    if (answer !== answers[i]) {
      assert.is(answer, answers[i], `input ${i} of ${inputs.length}: ${JSON.stringify(input)}`)
    }
  })
  return engine
}

const runs = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  minutes: fc.constantFrom('none', '15', '5'),
  isRough: fc.boolean(),
})

function recorded(
  seed: number,
  days: number,
  minutes: string,
  isRough: boolean,
  settings: Settings,
): Recorder {
  const fineDays = Math.min(days, 4)
  const markets = marketsOf(seed, minutes === 'none' ? days : fineDays, {
    ...(minutes === 'none' ? {} : { minutes15Days: fineDays + 1 }),
    ...(minutes === '5' ? { minutes5Days: fineDays, minutes5Symbols: 2 } : {}),
  })
  const recorder = new Recorder(settings, OPTIONS)
  misbehave(recorder, markets, random(`mischief ${seed}`), isRough ? ROUGH : CALM)
  return recorder
}

test('recorded inputs, fed again to a new engine, give the same effects, also when the state is saved and loaded on the way', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      runs,
      fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
      ({ seed, minutes, isRough }, cuts) => {
        const settings = isRough ? NERVOUS : defaultSettings()
        const { inputs, answers, effects } = recorded(seed, 40, minutes, isRough, settings)
        for (const input of inputs) seen.add(input.type === 'stop' ? `stop ${input.ok}` : input.type)
        for (const effect of effects) {
          seen.add(effect.type === 'event' ? effect.event.kind : effect.type)
          if (effect.type === 'event') seen.add(effect.event.strategy ?? '')
        }
        const places = new Set(cuts.map(cut => cut % inputs.length))
        replayed(inputs, answers, new Engine(settings, OPTIONS), engine => engine)
        replayed(inputs, answers, new Engine(settings, OPTIONS), (engine, i) =>
          places.has(i) ? Engine.load(settings, OPTIONS, throughJson(engine.save())) : engine,
        )
      },
    ),
    { seed: SEED, numRuns: 24 },
  )
  // The property is worth something only where these things have happened in it.
  for (const kind of [
    'candle',
    'price',
    'time',
    'order',
    'fill',
    'stop true',
    'stop false',
    'funding',
    'account',
    'query-failed',
    'persist-refused',
    'propose',
    'entered',
    'refused',
    'rejected',
    'expired',
    'filled',
    'targets',
    'reduced',
    'stop-moved',
    'stop-failed',
    'exiting',
    'exited',
    'paused',
    'resumed',
    'step-failed',
    'digest',
    'amend',
    'trade',
    'bb-scalping',
  ]) {
    assert.ok(seen.has(kind), `${kind} has happened`)
  }
})

test('a run may be cut before any one of its inputs', () => {
  const settings = defaultSettings()
  const { inputs, answers } = recorded(11, 8, 'none', true, settings)
  const last = replayed(inputs, answers, new Engine(settings, OPTIONS), engine =>
    Engine.load(settings, OPTIONS, throughJson(engine.save())),
  )
  const straight = replayed(inputs, answers, new Engine(settings, OPTIONS), engine => engine)
  assert.equal(throughJson(last.save()), throughJson(straight.save()))
})

test('a saved state is a copy that the engine no longer changes', () => {
  const settings = defaultSettings()
  const { inputs } = recorded(11, 12, 'none', false, settings)
  const engine = new Engine(settings, OPTIONS)
  const middle = Math.floor(inputs.length / 2)
  for (const input of inputs.slice(0, middle)) engine.step(input)
  const saved = engine.save()
  const before = JSON.stringify(saved)
  for (const input of inputs.slice(middle)) engine.step(input)
  assert.is(JSON.stringify(saved), before)
  const loaded = Engine.load(settings, OPTIONS, saved)
  for (const input of inputs.slice(middle)) loaded.step(input)
  assert.is(JSON.stringify(saved), before)
  assert.equal(loaded.save(), engine.save())
})

test.run()
