import { createHmac } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { amidImpostor } from './impostor.fixture.ts'
import { StreamConnection, type StreamListener, type StreamOptions } from './stream-connection.ts'
import { Arrivals, type ServedSocket, StreamServer } from './stream-server.fixture.ts'

const test = suite('stream connection')

const CREDENTIALS = { key: 'the-key', secret: 'the-secret' }

/** A connection with its server, what it has told, and a clock in the hand of the test. */
class Rig {
  readonly server: StreamServer
  readonly told = new Arrivals<readonly unknown[]>()
  readonly connection: StreamConnection
  now = 0

  private constructor(server: StreamServer, over: Partial<StreamOptions>) {
    this.server = server
    const tell =
      (what: keyof StreamListener) =>
      (...words: readonly unknown[]): void =>
        this.told.push([what, ...words])
    this.connection = new StreamConnection(
      {
        channel: 'public',
        url: server.url,
        environment: 'live',
        credentials: null,
        offset: () => 0,
        monotonic: () => this.now,
        random: () => 0,
        ...over,
      },
      {
        ready: tell('ready'),
        message: tell('message'),
        lost: tell('lost'),
        refused: tell('refused'),
        denied: tell('denied'),
      },
    )
  }

  static async open(over: Partial<StreamOptions> = {}): Promise<Rig> {
    return new Rig(await StreamServer.listen(), over)
  }

  async end(): Promise<void> {
    this.connection.close()
    await this.server.close()
  }
}

/** A private rig whose client has connected and asks to be authenticated. */
async function authenticating(): Promise<{ readonly rig: Rig; readonly socket: ServedSocket }> {
  const rig = await Rig.open({ channel: 'private', credentials: CREDENTIALS })
  rig.connection.subscribe(['order', 'execution'])
  return { rig, socket: await rig.server.socket() }
}

test('topics are asked for in requests of 200, and what comes is told', async () => {
  const rig = await Rig.open()
  rig.connection.subscribe(Array.from({ length: 201 }, (_, k) => `tickers.T${k}`))
  const socket = await rig.server.socket()
  assert.is(socket.path, '/v5/public/linear')
  assert.equal(await rig.told.next(), ['ready', false])
  const asked = [await socket.frame(), await socket.frame()]
  assert.equal(
    asked.map(({ op, args }) => [op, args?.length]),
    [
      ['subscribe', 200],
      ['subscribe', 1],
    ],
  )
  for (const frame of asked) socket.answer(frame)
  socket.send({ topic: 'tickers.T0', data: {} })
  const [what, message] = await rig.told.next()
  assert.is(what, 'message')
  assert.is((message as { topic: string }).topic, 'tickers.T0')
  await rig.end()
})

test('one wrong topic is left out, and the others of its request are asked for again', async () => {
  const rig = await Rig.open()
  rig.connection.subscribe(['tickers.A', 'tickers.GONE', 'tickers.B'])
  const socket = await rig.server.socket()
  await rig.told.next()
  const whole = await socket.frame()
  assert.equal(whole.args, ['tickers.A', 'tickers.GONE', 'tickers.B'])
  socket.answer(whole, false, 'error:handler not found,topic:tickers.GONE')
  const single: string[] = []
  while (single.length < 3) {
    const frame = await socket.frame()
    if (frame.op !== 'subscribe') {
      socket.answer(frame)
      continue
    }
    const [topic = ''] = frame.args ?? []
    single.push(topic)
    const isThere = topic !== 'tickers.GONE'
    socket.answer(frame, isThere, isThere ? '' : 'error:handler not found')
  }
  assert.equal(single, ['tickers.A', 'tickers.GONE', 'tickers.B'])
  assert.equal(await rig.told.next(), ['refused', 'tickers.GONE', 'error:handler not found'])
  socket.drop()
  assert.equal((await rig.told.next())[0], 'lost')
  const again = await rig.server.socket()
  assert.equal((await again.frame()).args, ['tickers.A', 'tickers.B'], 'it is not asked for any more')
  await rig.end()
})

test('a lost connection comes back, is told as such, and asks for its topics again', async () => {
  const rig = await Rig.open()
  rig.connection.subscribe(['tickers.A'])
  const socket = await rig.server.socket()
  assert.equal(await rig.told.next(), ['ready', false])
  socket.drop()
  assert.equal(await rig.told.next(), ['lost', 'the connection is gone', false])
  assert.not.ok(rig.connection.isReady)
  const again = await rig.server.socket()
  assert.equal(await rig.told.next(), ['ready', true])
  assert.equal((await again.frame()).args, ['tickers.A'])
  await rig.end()
})

test('a socket that is open and silent for 15 s is given up; one with a sign of life is not', async () => {
  const rig = await Rig.open()
  rig.connection.subscribe(['tickers.A'])
  const socket = await rig.server.socket()
  await rig.told.next()
  rig.now = 10_000
  socket.send({ topic: 'tickers.A', data: {} })
  await rig.told.next()
  rig.now = 24_999
  rig.connection.check()
  assert.ok(rig.connection.isReady)
  rig.now = 25_000
  rig.connection.check()
  assert.equal(await rig.told.next(), ['lost', 'nothing has come for 15 s', true])
  await rig.server.socket()
  assert.equal(await rig.told.next(), ['ready', true])
  await rig.end()
})

test('a private connection is ready once it is authenticated, and then asks for its topics', async () => {
  const { rig, socket } = await authenticating()
  assert.is(socket.path, '/v5/private')
  const auth = await socket.frame()
  const [key, expires, signature] = auth.args ?? []
  const signed = createHmac('sha256', CREDENTIALS.secret).update(`GET/realtime${expires}`).digest('hex')
  assert.equal([auth.op, key, signature], ['auth', CREDENTIALS.key, signed])
  assert.not.ok(rig.connection.isReady)
  socket.answer(auth)
  assert.equal(await rig.told.next(), ['ready', false])
  assert.equal((await socket.frame()).args, ['order', 'execution'])
  await rig.end()
})

test('a refused key is tried twice more, told once, and not tried again', async () => {
  for (const refusal of [
    { success: false, ret_msg: 'Params Error', op: 'auth', conn_id: 'c' },
    { retCode: 10004, retMsg: 'Invalid sign', op: 'auth', connId: 'c' },
  ]) {
    const { rig, socket } = await authenticating()
    let next = socket
    for (let tries = 1; tries < 3; tries++) {
      await next.frame()
      next.send(refusal)
      assert.is((await rig.told.next())[0], 'lost')
      next = await rig.server.socket()
    }
    await next.frame()
    next.send(refusal)
    const [what, reason] = await rig.told.next()
    assert.is(what, 'denied')
    assert.is(reason, refusal.ret_msg ?? refusal.retMsg)
    assert.not.ok(String(reason).includes(CREDENTIALS.secret))
    await rig.end()
  }
})

test('an authentication that is not answered within 5 s is given up, and tried again', async () => {
  const { rig, socket } = await authenticating()
  await socket.frame()
  rig.now = 4_999
  rig.connection.check()
  rig.now = 5_000
  rig.connection.check()
  assert.equal(await rig.told.next(), ['lost', 'the authentication was not answered', true])
  const again = await rig.server.socket()
  const auth = await again.frame()
  again.answer(auth)
  assert.equal(await rig.told.next(), ['ready', false])
  await rig.end()
})

test('a topic that has fallen silent is asked for again, and one that is not wanted any more is not', async () => {
  const rig = await Rig.open()
  rig.connection.subscribe(['tickers.A', 'tickers.B'])
  const socket = await rig.server.socket()
  await rig.told.next()
  socket.answer(await socket.frame())
  rig.connection.renew('tickers.A')
  assert.equal((await socket.frame()).op, 'unsubscribe')
  const { op, args } = await socket.frame()
  assert.equal([op, args], ['subscribe', ['tickers.A']])
  rig.connection.unsubscribe(['tickers.B'])
  assert.equal((await socket.frame()).args, ['tickers.B'])
  rig.connection.renew('tickers.B')
  socket.drop()
  await rig.told.next()
  const again = await rig.server.socket()
  assert.equal((await again.frame()).args, ['tickers.A'])
  await rig.end()
})

test('a stream whose certificate nobody vouches for is not connected to, whatever the environment says', async () => {
  const heard = await amidImpostor(async host => {
    const rig = await Rig.open({ url: `wss://${host}` })
    rig.connection.subscribe(['tickers.BTCUSDT'])
    assert.is((await rig.told.next())[0], 'lost')
    await rig.end()
  })
  assert.equal(heard, [])
})

test.run()
