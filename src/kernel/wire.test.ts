import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../core/base/errors.ts'
import { SECOND } from '../core/base/units.ts'
import { FaultPlan, type PlannedFault } from './fault-plan.fixture.ts'
import { Kernel } from './kernel.fixture.ts'
import { type Line, REQUEST_FAULTS, throwsFailure, Wire } from './wire.fixture.ts'

const test = suite('wire')

/** What came of one request: how often it took effect, and what was heard when. */
interface Came {
  readonly effects: readonly number[]
  readonly heard: string
  readonly after: number
}

async function asked(
  kind: string | null,
  over: { readonly size?: number; readonly state?: Line['state']; readonly dies?: number } = {},
): Promise<Came> {
  const { size = 0.4, state = 'open', dies } = over
  const kernel = new Kernel({ seed: 4, start: 0, mostEvents: 1_000 })
  const faults: PlannedFault[] = kind === null ? [] : [{ place: 'request place', occasion: 0, kind, size }]
  const wire = new Wire(kernel, new FaultPlan(kernel.draws, {}, faults), () => state)
  const life = kernel.life('a')
  const effects: number[] = []
  let heard = 'nothing'
  let after = 0
  const failed = throwsFailure('place', true)
  const request = { name: 'place', changes: true, deadline: 5 * SECOND, failed }
  wire.ask(life, { ...request, effect: () => effects.push(kernel.now) }).then(
    times => {
      heard = `answer ${times}`
      after = kernel.now
    },
    (error: unknown) => {
      heard = error instanceof ExchangeError && error.ambiguous ? 'unknown' : 'refused'
      after = kernel.now
    },
  )
  if (dies !== undefined) kernel.schedule(dies, 'dies', () => life.end())
  await kernel.run(60 * SECOND)
  return { effects, heard, after }
}

test('a request takes effect on its way, and is answered after it', async () => {
  const { effects, heard, after } = await asked(null)
  assert.equal([effects.length, heard], [1, 'answer 1'])
  assert.ok(effects[0] > 0 && after > effects[0])
})

test('each fault has its own effect and its own answer', async () => {
  const expected: { readonly [kind in (typeof REQUEST_FAULTS)[number]]: readonly [number, string] } = {
    'lose-request': [0, 'unknown'],
    'lose-reply': [1, 'unknown'],
    'hold-request': [1, 'unknown'],
    slow: [1, 'answer 1'],
    'double-request': [2, 'answer 2'],
    unclear: [1, 'unknown'],
    unreadable: [1, 'unknown'],
  }
  for (const kind of REQUEST_FAULTS) {
    const { effects, heard } = await asked(kind)
    assert.equal([effects.length, heard], expected[kind], kind)
  }
  assert.is((await asked('unclear', { size: 0.9 })).effects.length, 0)
})

test('a request that is held arrives long after its sender was told that the connection is gone', async () => {
  const { effects, after } = await asked('hold-request', { size: 0.5 })
  assert.ok(after < SECOND)
  assert.ok(effects[0] > 4 * SECOND)
})

test('a request outlives whoever has sent it, and nobody hears of it', async () => {
  assert.equal(await asked('hold-request', { dies: 1 }), {
    effects: (await asked('hold-request')).effects,
    heard: 'nothing',
    after: 0,
  })
})

test('where no connection can be had nothing has left; where everything is swallowed nobody knows', async () => {
  const refused = await asked(null, { state: 'refused' })
  assert.equal([refused.effects.length, refused.heard], [0, 'refused'])
  const silent = await asked(null, { state: 'silent' })
  assert.equal([silent.effects.length, silent.heard, silent.after], [0, 'unknown', 5 * SECOND])
})

test.run()
