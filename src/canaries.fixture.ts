/** Secrets that nobody may ever find anywhere, a server that repeats whatever it hears, and who looks for them. */
import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { WebSocketServer } from 'ws'

/** Put together here, so that not even the sources have them. */
export const CANARY = {
  key: ['cAnArY', 'kEy', '4711', 'pQrS'].join(''),
  secret: ['cAnArY', 'sEcReT', '0123456789', 'abcdefghijKLMN'].join(''),
}

/** What answers a request; each class repeats the words. */
export const ANSWERS = [
  'refused',
  'rejected-key',
  'busy',
  'rate',
  'html',
  'forbidden',
  'unauthorised',
  'teapot',
  'truncated',
  'no-json',
  'wrong-shape',
  'reset',
] as const
export type AnswerKind = (typeof ANSWERS)[number]

/** What a stream does with whoever connects. */
export const STREAMS = ['auth-refused', 'garbage', 'closes', 'topics-refused', 'rows'] as const
export type StreamKind = (typeof STREAMS)[number]

/** A server on the loopback that repeats keys, signatures and secrets in whatever it says. */
export class Echo {
  /** Everything that must never be found; signatures as they come. */
  readonly secrets = new Set<string>([CANARY.key, CANARY.secret])
  /** How it answers all but the question for the time. */
  answers: (nth: number) => AnswerKind = () => 'refused'
  streams: StreamKind = 'auth-refused'
  /** How often it has repeated something. */
  repeated = 0
  readonly #server: Server
  readonly #sockets: WebSocketServer

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request, response) => this.#answer(request, response))
    this.#sockets = new WebSocketServer({ server })
    this.#sockets.on('connection', socket => {
      socket.on('error', () => {})
      if (this.streams === 'closes') socket.close(4_001, this.#words([]).slice(0, 120))
      socket.on('message', data => {
        const frame = String(data)
        const {
          op,
          args = [],
          req_id,
        } = JSON.parse(frame) as {
          readonly op: string
          readonly args?: readonly unknown[]
          readonly req_id?: string
        }
        if (op === 'auth') this.secrets.add(String(args[2]))
        const words = this.#words([frame])
        const say = (message: unknown): void => socket.send(JSON.stringify(message))
        const fits = op !== 'auth' || this.streams !== 'auth-refused'
        if (op === 'ping') say({ op: 'pong', req_id })
        else if (op === 'subscribe' && this.streams === 'topics-refused')
          say({ op, success: false, ret_msg: words, req_id })
        else say({ op, success: fits, ret_msg: fits ? '' : words, req_id })
        if (this.streams === 'garbage') {
          socket.send(words)
          say({ topic: 'order', creationTime: words, data: words })
          say({ topic: 'tickers.AUSDT', type: words, ts: words, data: { symbol: words, lastPrice: words } })
          say({ topic: 'execution', creationTime: 1, data: [{ symbol: words, execId: words, side: words }] })
        }
      })
    })
  }

  static async listen(): Promise<Echo> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new Echo(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate()
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  /** All that it knows, in the ways in which Bybit's servers, and those in front of them, repeat it. */
  #words(heard: readonly string[]): string {
    this.repeated++
    const { key, secret } = CANARY
    const own = createHmac('sha256', secret).update(String(this.repeated)).digest('hex')
    this.secrets.add(own)
    return [
      `error sign! origin_string[1700000000000${key}5000symbol=BTCUSDT]`,
      `${secret} X-BAPI-SIGN: ${own} ${own}`,
      `key=${key}&secret=${encodeURIComponent(secret)} ${Buffer.from(secret).toString('base64')}`,
      ...heard,
    ].join(' ')
  }

  #asked = 0

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '', headers } = request
    request.resume()
    const now = Date.now()
    if (url.startsWith('/v5/market/time')) {
      const result = { timeSecond: String(Math.floor(now / 1_000)), timeNano: `${now}000000` }
      response.end(JSON.stringify({ retCode: 0, retMsg: 'OK', result, time: now }))
      return
    }
    const signature = headers['x-bapi-sign']
    if (typeof signature === 'string') this.secrets.add(signature)
    const dump = this.#words([url, JSON.stringify(headers)])
    const json = (retCode: number, result: unknown = {}): void => {
      response.end(JSON.stringify({ retCode, retMsg: dump, result, retExtInfo: {}, time: now }))
    }
    const page = (status: number, type: string): void => {
      response.writeHead(status, { 'content-type': type })
      response.end(type === 'text/html' ? `<pre>${dump}</pre>` : dump)
    }
    const { [this.answers(this.#asked++)]: answer } = {
      refused: () => json(110_007),
      'rejected-key': () => json(10_004),
      busy: () => json(10_016),
      rate: () => json(10_006),
      html: () => page(502, 'text/html'),
      forbidden: () => page(403, 'text/plain'),
      unauthorised: () => page(401, 'text/plain'),
      teapot: () => page(418, 'text/plain'),
      truncated: () => response.end(`{"retCode":0,"retMsg":"${dump.replaceAll('"', "'")}","result":{"li`),
      'no-json': () => response.end(dump),
      'wrong-shape': () =>
        json(0, {
          list: [{ symbol: dump, side: dump, size: dump, coin: dump }],
          category: dump,
          timeNano: dump,
        }),
      reset: () => response.destroy(),
    } as const satisfies { readonly [kind in AnswerKind]: () => unknown }
    answer()
  }
}

/** How often secrets are in a text, in whatever way it is written. */
export function hits(text: string, secrets: Iterable<string>): readonly string[] {
  const found: string[] = []
  for (const secret of secrets) {
    const forms = [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    ]
    if (forms.some(form => text.includes(form)))
      found.push(`${secret.slice(0, 6)}… of ${secret.length} characters`)
  }
  return found
}

/** Everything that a value holds, hidden fields, stacks and causes too. */
export function dumpOf(value: unknown): string {
  return `${inspect(value, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null })} ${String(value)}`
}

/** All files below a folder as texts. */
export function filesBelow(folder: string): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => {
      const path = join(entry.parentPath, entry.name)
      return { path, text: readFileSync(path, 'latin1') }
    })
}
