import type { IncomingMessage, ServerResponse } from 'node:http'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type HttpReply, type HttpRequest, HttpTrouble, LONGEST_REPLY, nodeHttp } from './http.ts'
import { amidImpostor } from './impostor.fixture.ts'
import { serve } from './loopback.fixture.ts'

const test = suite('bybit http')

const BODY = JSON.stringify({ retCode: 0, result: { list: ['x'.repeat(10_000)] } })

async function ask(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  request: Partial<HttpRequest> = {},
): Promise<HttpReply | HttpTrouble> {
  const server = await serve(answer)
  const { http, close } = nodeHttp()
  try {
    return await http({
      method: 'GET',
      url: `${server.url}/v5`,
      headers: {},
      body: null,
      deadlineMs: 5_000,
      ...request,
    })
  } catch (error) {
    if (error instanceof HttpTrouble) return error
    throw error
  } finally {
    close()
    await server.close()
  }
}

function troubleOf(outcome: HttpReply | HttpTrouble): readonly unknown[] {
  if (!(outcome instanceof HttpTrouble)) throw new Error(`a reply came: ${outcome.status}`)
  return [outcome.isReply, outcome.wasSent]
}

test('a body and headers arrive, and what comes back is whole', async () => {
  let seen = ''
  const outcome = await ask(
    (request, response) => {
      request.on('data', chunk => {
        seen += `${request.method} ${request.headers['x-a']} ${chunk}`
      })
      request.on('end', () => response.writeHead(200, { 'X-Bapi-Limit': '10' }).end(BODY))
    },
    { method: 'POST', headers: { 'x-a': 'b' }, body: '{"a":1}' },
  )
  assert.is(seen, 'POST b {"a":1}')
  assert.is(outcome instanceof HttpTrouble ? '' : outcome.body, BODY)
  assert.is(outcome instanceof HttpTrouble ? '' : outcome.headers['x-bapi-limit'], '10')
})

test('a body is unpacked, twice at most', async () => {
  for (const [encoding, bytes] of [
    ['gzip', gzipSync(BODY)],
    ['deflate', deflateSync(BODY)],
    ['br', brotliCompressSync(BODY)],
    ['identity', Buffer.from(BODY)],
    ['gzip, br', brotliCompressSync(gzipSync(BODY))],
  ] as const) {
    const outcome = await ask((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(bytes),
    )
    assert.is(outcome instanceof HttpTrouble ? outcome.message : outcome.body, BODY, encoding)
  }
  for (const encoding of ['gzip, gzip, gzip', 'zstd', 'constructor']) {
    const outcome = await ask((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(gzipSync(BODY)),
    )
    assert.equal(troubleOf(outcome), [true, true], encoding)
  }
})

test('K5: a bomb is dropped before it is unpacked, whichever way it is packed', async () => {
  const bomb = gzipSync(Buffer.alloc(20 * LONGEST_REPLY))
  for (const [encoding, bytes] of [
    ['gzip', bomb],
    ['gzip, gzip', gzipSync(bomb)],
    ['identity', Buffer.alloc(LONGEST_REPLY + 1)],
  ] as const) {
    const before = process.memoryUsage().rss
    const outcome = await ask((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(bytes),
    )
    assert.equal(troubleOf(outcome), [true, true])
    assert.match((outcome as HttpTrouble).message, /longer than 16777216 bytes/)
    assert.ok((outcome as HttpTrouble).message.startsWith('E975'))
    assert.ok(process.memoryUsage().rss - before < 50 * 1024 * 1024, encoding)
  }
})

/** Whether an outcome is more than may ever be taken in. */
const isTooMuch = (outcome: HttpReply | HttpTrouble): boolean =>
  !(outcome instanceof HttpTrouble) && outcome.body.length > LONGEST_REPLY

test('K5: a client that unpacks whatever comes is found out', async () => {
  const bomb = gzipSync(Buffer.alloc(LONGEST_REPLY + 1, 'x'))
  const server = await serve((_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  )
  const { http, close } = nodeHttp()
  const asked = { method: 'GET', url: server.url, headers: {}, body: null, deadlineMs: 5_000 } as const
  const careless = async (): Promise<HttpReply> => ({
    status: 200,
    headers: {},
    body: await (await fetch(server.url)).text(),
  })
  assert.not(isTooMuch(await http(asked).catch((error: HttpTrouble) => error)))
  assert.ok(isTooMuch(await careless()))
  close()
  await server.close()
})

test('a reply that breaks off, or is badly packed, is one that cannot be read', async () => {
  const cut = await ask((_, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('{"retCode":')
    setImmediate(() => response.destroy())
  })
  assert.equal(troubleOf(cut), [true, true])
  const garbled = await ask((_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('{"a":1}'),
  )
  assert.equal(troubleOf(garbled), [true, true])
})

test('a connection that nobody takes was not used, one that breaks may have been', async () => {
  const server = await serve(() => {})
  await server.close()
  const nobody = await ask(() => {}, { url: `${server.url}/v5` })
  assert.equal(troubleOf(nobody), [false, false])
  const broken = await ask(request => request.socket.destroy())
  assert.equal(troubleOf(broken), [false, true])
})

test('a reply that does not end in time is given up', async () => {
  for (const answer of [
    () => {},
    (_: IncomingMessage, response: ServerResponse) => response.writeHead(200).write('{'),
  ]) {
    const outcome = await ask(answer, { deadlineMs: 50 })
    assert.match((outcome as HttpTrouble).message, /no reply within 50 ms/)
    assert.is(troubleOf(outcome)[1], true)
  }
})

test('a redirect is not followed', async () => {
  const outcome = await ask((_, response) =>
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  )
  assert.is(outcome instanceof HttpTrouble ? 0 : outcome.status, 302)
})

test('a certificate that nobody vouches for is not taken, whatever the environment says', async () => {
  const { http, close } = nodeHttp()
  const heard = await amidImpostor(async host => {
    const asked = { method: 'GET', headers: {}, body: null, deadlineMs: 5_000 } as const
    const error = await http({ ...asked, url: `https://${host}/v5/order/create` }).catch(
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof HttpTrouble, String(error))
    assert.match(error.message, 'DEPTH_ZERO_SELF_SIGNED_CERT')
  })
  close()
  assert.equal(heard, [])
})

test.run()
