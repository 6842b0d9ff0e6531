/** A WebSocket server on the loopback that does nothing but what a test tells it to. */
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

export interface Frame {
  readonly op?: string
  readonly req_id?: string
  readonly args?: readonly string[]
}

/** Things that come one after the other, each waited for once. */
class Arrivals<T> {
  readonly #there: T[] = []
  readonly #waiting: ((one: T) => void)[] = []

  push(one: T): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#there.push(one)
    else waiting(one)
  }

  next(): Promise<T> {
    const one = this.#there.shift()
    return one === undefined ? new Promise(resolve => this.#waiting.push(resolve)) : Promise.resolve(one)
  }
}

/** One client's connection as the server sees it. */
export class ServedSocket {
  readonly path: string
  readonly #socket: WebSocket
  readonly #frames = new Arrivals<Frame>()

  constructor(socket: WebSocket, path: string) {
    this.#socket = socket
    this.path = path
    socket.on('message', data => {
      const frame: Frame = JSON.parse(String(data))
      if (frame.op !== 'ping') this.#frames.push(frame)
    })
  }

  /** The next frame from the client, pings left out. */
  frame(): Promise<Frame> {
    return this.#frames.next()
  }

  send(message: unknown): void {
    this.#socket.send(JSON.stringify(message))
  }

  /** Answers a frame the way the public and private streams do. */
  answer({ op, req_id }: Frame, success = true, ret_msg = ''): void {
    this.send({ success, ret_msg, op, ...(req_id === undefined ? {} : { req_id }), conn_id: 'c' })
  }

  drop(): void {
    this.#socket.terminate()
  }
}

export class StreamServer {
  readonly #server: WebSocketServer
  readonly #sockets = new Arrivals<ServedSocket>()

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', (socket, request) => {
      this.#sockets.push(new ServedSocket(socket, request.url ?? ''))
    })
  }

  static async listen(): Promise<StreamServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await new Promise(resolve => server.once('listening', resolve))
    return new StreamServer(server)
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The next client that connects. */
  socket(): Promise<ServedSocket> {
    return this.#sockets.next()
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

export { Arrivals }
