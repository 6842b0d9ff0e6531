import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE } from '../../base/units.ts'
import { incomplete } from './errors.ts'
import { HttpTrouble } from './http.ts'
import { MarketServer, marketOver, NOW } from './market.fixture.ts'
import { NamedInstruments } from './named-instruments.ts'

const test = suite('named instruments')

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve)) // world-ok: lets promises end

/** A market of one that is to open and one that is over, and what instruments were asked for by. */
function market(): {
  readonly server: MarketServer
  readonly named: (symbol: string) => ReturnType<ReturnType<typeof marketOver>['market']['named']>
  readonly asked: () => readonly string[]
} {
  const server = new MarketServer([
    { symbol: 'OPENUSDT', launched: 0 },
    { symbol: 'SOONUSDT', launched: 0, status: 'PreLaunch' },
    { symbol: 'OVERUSDT', launched: 0, status: 'Closed' },
  ])
  const over = marketOver(server)
  return {
    server,
    named: symbol => over.market.named(symbol),
    asked: () => server.asked.splice(0).map(({ query }) => query.get('status') ?? 'any'),
  }
}

test('an instrument is found under whatever status the exchange has it, and none where it has none', async () => {
  const { named, asked } = market()
  const found = async (symbol: string): Promise<readonly unknown[]> => {
    const one = await named(symbol)
    return [one?.symbol, one?.status, ...asked()]
  }
  assert.equal(await found('OPENUSDT'), ['OPENUSDT', 'Trading', 'any'])
  assert.equal(await found('SOONUSDT'), ['SOONUSDT', 'PreLaunch', 'any', 'PreLaunch'])
  const all = ['any', 'PreLaunch', 'Settling', 'Delivering', 'Closed']
  assert.equal(await found('OVERUSDT'), ['OVERUSDT', 'Closed', ...all])
  assert.equal(await found('NONEUSDT'), [undefined, undefined, ...all])
})

test('a name that the exchange refuses is one that it does not have, and no answer is not one', async () => {
  const { server, named } = market()
  const refusal = '{"retCode":10001,"retMsg":"params error: symbol invalid","result":{},"time":1}'
  server.interfere = () => ({ body: refusal })
  assert.is(await named('NONEUSDT'), null)
  server.interfere = () => new HttpTrouble('no reply', { isReply: false, wasSent: true })
  try {
    await named('SOONUSDT')
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, 'no reply')
  }
})

test('nobody waits for an answer, and it is asked for once an hour, a minute after it has failed', async () => {
  const { named } = market()
  let now = NOW
  let isAway = true
  const asked: number[] = []
  const instruments = new NamedInstruments({
    now: () => now,
    named: async symbol => {
      asked.push(now - NOW)
      if (isAway) throw incomplete('nobody answers')
      return named(symbol)
    },
  })
  const found = async (): Promise<string | null> => {
    const one = instruments.find('SOONUSDT')
    for (let k = 0; k < 10; k++) await settle()
    return one?.status ?? null
  }
  assert.is(await found(), null)
  assert.is(await found(), null)
  now += MINUTE
  isAway = false
  assert.equal([await found(), await found()], [null, 'PreLaunch'])
  now += HOUR - 1
  assert.is(await found(), 'PreLaunch')
  isAway = true
  now += 1
  assert.equal([await found(), await found()], ['PreLaunch', 'PreLaunch'], 'what is known stays')
  assert.equal(asked, [0, MINUTE, MINUTE + HOUR])
})

test.run()
