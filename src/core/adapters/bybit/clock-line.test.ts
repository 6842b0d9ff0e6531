import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type WebSocket, WebSocketServer } from 'ws'
import { ClockLine } from './clock-line.ts'

const test = suite('clock line')

/** A line to a server that says what a test has it say. */
class Rig {
  readonly heard: (readonly [now: number, pace: number, age: number])[] = []
  readonly paths: string[] = []
  readonly pauses: (() => void)[] = []
  readonly server: WebSocketServer
  readonly line: ClockLine

  private constructor(server: WebSocketServer) {
    this.server = server
    server.on('connection', (_, request) => this.paths.push(request.url ?? ''))
    this.line = new ClockLine(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      sleep: (_, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')))
          this.pauses.push(resolve)
        }),
      now: () => 1_000,
      told: (now, pace, age) => this.heard.push([now, pace, age]),
    })
  }

  static async open(): Promise<Rig> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    return new Rig(server)
  }

  async connected(): Promise<WebSocket> {
    const [socket] = (await once(this.server, 'connection')) as [WebSocket]
    return socket
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise(resolve => setImmediate(resolve)) // world-ok: lets sockets be heard
  }

  async close(): Promise<void> {
    this.line.close()
    for (const socket of this.server.clients) socket.terminate()
    await new Promise(resolve => this.server.close(resolve))
  }
}

test('what is told comes as it is, and what is none of it is left alone', async () => {
  const rig = await Rig.open()
  const socket = await rig.connected()
  for (const text of [
    ...['{"now":5,"pace":40,"at":993}', 'x', 'null', '{}', '{"now":"6","pace":1,"at":1}'],
    ...[
      '{"now":6,"pace":0,"at":1}',
      '{"now":6,"pace":1}',
      '{"now":7,"pace":1,"at":-9000}',
      '{"now":8,"pace":1,"at":1001}',
    ],
  ])
    socket.send(text)
  await rig.line.first
  await rig.until(() => rig.heard.length === 3)
  assert.equal(rig.heard, [
    [5, 40, 7],
    [7, 1, 5_000],
    [8, 1, 0],
  ])
  assert.equal(rig.paths, ['/clock'])
  await rig.close()
})

test('one that breaks off is taken up again, and nobody waits for one that is not there', async () => {
  const rig = await Rig.open()
  const first = await rig.connected()
  first.terminate()
  await rig.line.first
  await rig.until(() => rig.pauses.length === 1)
  rig.pauses[0]()
  const second = await rig.connected()
  second.send('{"now":7,"pace":1,"at":1}')
  await rig.until(() => rig.heard.length === 1)
  await rig.close()
  assert.is(rig.paths.length, 2)
})

test.run()
