/**
 * One HTTP exchange over a real socket, with a deadline for all of it and a bound on what is taken in: a reply may be
 * encoded twice at most, and neither it nor what it unpacks to may be longer than 16 MB. Redirects are not followed, and no
 * certificate is taken that nobody vouches for, whatever `NODE_TLS_REJECT_UNAUTHORIZED` says.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { pipeline, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Milliseconds } from '../../base/units.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string | null
  readonly deadlineMs: Milliseconds
  /** When it is given up, by another clock than the machine's; left out: when the deadline has passed by that. */
  readonly until?: AbortSignal
}

export interface HttpReply {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: { readonly [name: string]: string | undefined }
  readonly body: string
}

/** Resolves to whatever came; rejects with an `HttpTrouble`. */
export type HttpPort = (request: HttpRequest) => Promise<HttpReply>

/** Why there is no reply. `isReply`: one began, and is not to be read. `wasSent`: the request may have arrived. */
export class HttpTrouble extends Error {
  override readonly name = 'HttpTrouble'
  readonly isReply: boolean
  readonly wasSent: boolean
  constructor(message: string, traits: { readonly isReply: boolean; readonly wasSent: boolean }) {
    super(message)
    this.isReply = traits.isReply
    this.wasSent = traits.wasSent
  }
}

export const LONGEST_REPLY = 16 * 1024 * 1024
const MOST_ENCODINGS = 2
/** Errors of connections that never came about. */
const NEVER_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']
/** At most so many connections at once. */
const MOST_SOCKETS = 16

const DECODERS: { readonly [encoding: string]: () => Transform } = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** A port with connections of its own; `close` ends them. */
export function nodeHttp(): { readonly http: HttpPort; readonly close: () => void } {
  const plain = new HttpAgent({ keepAlive: true, maxSockets: MOST_SOCKETS })
  // Said, so that no variable of the environment can say otherwise.
  const secure = new HttpsAgent({ keepAlive: true, maxSockets: MOST_SOCKETS, rejectUnauthorized: true })
  return {
    http: asked => exchange(asked, { plain, secure }),
    close: () => {
      plain.destroy()
      secure.destroy()
    },
  }
}

interface Agents {
  readonly plain: HttpAgent
  readonly secure: HttpsAgent
}

async function exchange(asked: HttpRequest, agents: Agents): Promise<HttpReply> {
  const signal = asked.until ?? AbortSignal.timeout(asked.deadlineMs)
  let response: IncomingMessage
  try {
    response = await responseTo(asked, agents, signal)
  } catch (error) {
    if (signal.aborted) throw late(asked)
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new HttpTrouble(code === '' ? message : `${message} (${code})`, {
      isReply: false,
      wasSent: !NEVER_SENT.includes(code),
    })
  }
  try {
    return {
      status: response.statusCode ?? 0,
      headers: Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value[0] : value,
        ]),
      ),
      body: await bodyOf(response),
    }
  } catch (error) {
    response.destroy()
    if (error instanceof HttpTrouble) throw error
    if (signal.aborted) throw late(asked)
    throw new HttpTrouble(`it is cut off or badly encoded: ${(error as Error).message}`, {
      isReply: true,
      wasSent: true,
    })
  }
}

function late({ deadlineMs }: HttpRequest): HttpTrouble {
  return new HttpTrouble(`no reply within ${deadlineMs} ms`, { isReply: false, wasSent: true })
}

function responseTo(
  { method, url, headers, body }: HttpRequest,
  { plain, secure }: Agents,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal }
    const outgoing = url.startsWith('https:')
      ? httpsRequest(url, { ...options, agent: secure })
      : httpRequest(url, { ...options, agent: plain })
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
    if (body === null) outgoing.end()
    else outgoing.end(body)
  })
}

/** The body as text, decoded on its way, so that no more than the bound ever comes into being. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  const named = response.headers['content-encoding'] ?? ''
  const encodings = named
    .toLowerCase()
    .split(',')
    .map(encoding => encoding.trim())
    .filter(encoding => encoding !== '' && encoding !== 'identity')
  if (encodings.length > MOST_ENCODINGS) throw refused(`it is encoded ${encodings.length} times`)
  const decoders = encodings.reverse().map(encoding => {
    if (!Object.hasOwn(DECODERS, encoding)) throw refused(`it is encoded as ${encoding.slice(0, 20)}`)
    return DECODERS[encoding]()
  })
  let source: AsyncIterable<Uint8Array> = bounded(response)
  for (const decoder of decoders) {
    // An error of either ends both, and is what reading the decoder throws.
    source = bounded(pipeline(source, decoder, () => {}))
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function* bounded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const chunk of source) {
    length += chunk.length
    if (length > LONGEST_REPLY) throw refused(`E975 it is longer than ${LONGEST_REPLY} bytes`)
    yield chunk
  }
}

function refused(what: string): HttpTrouble {
  return new HttpTrouble(what, { isReply: true, wasSent: true })
}
