/** A server on loopback with a certificate that nobody vouches for, as one that stands in between has. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import process from 'node:process'

/** Tags of DER (X.690). */
const INTEGER = 0x02
const BITS = 0x03
const NAME = 0x06
const TEXT = 0x0c
const TIME = 0x17
const SEQUENCE = 0x30
const SET = 0x31

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

/** A key of this run's and a certificate that vouches for itself (RFC 5280, version 1). */
function selfSigned(): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // ecdsa-with-SHA256, commonName
  const algorithm = der(SEQUENCE, der(NAME, Buffer.from('2a8648ce3d040302', 'hex')))
  const common = der(SEQUENCE, der(NAME, Buffer.from('550403', 'hex')), der(TEXT, Buffer.from('127.0.0.1')))
  const name = der(SEQUENCE, der(SET, common))
  const times = ['250101000000Z', '491231235959Z'].map(time => der(TIME, Buffer.from(time)))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const serial = der(INTEGER, Buffer.from([1]))
  const body = der(SEQUENCE, serial, algorithm, name, der(SEQUENCE, ...times), name, spki)
  const signature = der(BITS, Buffer.from([0]), sign('sha256', body, privateKey))
  const cert = der(SEQUENCE, body, algorithm, signature).toString('base64')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${cert.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  }
}

/** The variable by which Node is told to take any certificate. */
const TRUSTS_ALL = 'NODE_TLS_REJECT_UNAUTHORIZED'

/**
 * Runs a test against it, in an environment that asks for any certificate to be taken.
 *
 * @param work gets its address without the scheme
 * @returns requests that have come in, upgrades to a WebSocket included
 */
export async function amidImpostor(work: (host: string) => Promise<void>): Promise<readonly string[]> {
  const heard: string[] = []
  const server = createServer(selfSigned(), (request, response) => {
    heard.push(request.url ?? '')
    response.end('{}')
  })
  server.on('upgrade', (request, socket) => {
    heard.push(request.url ?? '')
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const before = process.env[TRUSTS_ALL]
  process.env[TRUSTS_ALL] = '0'
  try {
    await work(`127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    if (before === undefined) delete process.env[TRUSTS_ALL]
    else process.env[TRUSTS_ALL] = before
    server.closeAllConnections()
    server.close()
  }
  return heard
}
