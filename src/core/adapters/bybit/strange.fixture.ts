/** An account with a position and an order of a person's on what is not in the list of the market, told over the wire. */
import type { HttpPort, HttpReply } from './http.ts'
import { ORDER, POSITION } from './rows.fixture.ts'
import type { SimulatedBybit } from './simulated.fixture.ts'

export const STRANGE = 'YPREUSDT'

type Row = { readonly [name: string]: unknown }

const HELD: Row = { ...POSITION, symbol: STRANGE, size: '12.5', avgPrice: '0.3071', stopLoss: '' }
const RESTING: Row = {
  ...ORDER,
  ...{ symbol: STRANGE, orderLinkId: '', orderId: 'by-hand', price: '0.4', qty: '2.25', leavesQty: '2.25' },
}

/**
 * Adds them.
 *
 * @param named the status under which the exchange names the instrument when it is asked for it; `unknown`: under none;
 *   `broken`: by a row that cannot be read; `away`: the question is not answered
 * @returns what the instrument was asked for by: statuses, `any` without one
 */
export function withStrange(
  rig: SimulatedBybit,
  named: 'PreLaunch' | 'Settling' | 'Closed' | 'broken' | 'away' | 'unknown',
): readonly string[] {
  const asked: string[] = []
  const before = rig.interfere
  const answerTo = async (
    request: Parameters<HttpPort>[0],
    go: () => ReturnType<HttpPort>,
  ): Promise<HttpReply> => {
    const { pathname, searchParams } = new URL(request.url)
    if (searchParams.get('settleCoin') !== null) {
      if (pathname === '/v5/position/list') return listed(await go(), rows => [HELD, ...rows])
      if (pathname === '/v5/order/realtime') return listed(await go(), rows => [RESTING, ...rows])
    }
    if (pathname !== '/v5/market/instruments-info' || searchParams.get('symbol') !== STRANGE) return go()
    const status = searchParams.get('status')
    asked.push(status ?? 'any')
    if (named === 'away') return { status: 502, headers: {}, body: '' }
    const { origin } = new URL(request.url)
    const any = rig.answer({ ...request, url: `${origin}${pathname}?category=linear` })
    return listed(any, ([row]) => {
      if (named === 'broken') return [{ ...row, symbol: STRANGE, lotSizeFilter: {} }]
      if (status !== named) return []
      const lotSizeFilter = { ...Object(row.lotSizeFilter), qtyStep: '0.25', minOrderQty: '0.25' }
      return [{ ...row, symbol: STRANGE, status, lotSizeFilter }]
    })
  }
  rig.interfere = (request, go) => before(request, () => answerTo(request, go))
  return asked
}

function listed(reply: HttpReply, edit: (rows: readonly Row[]) => readonly Row[]): HttpReply {
  const body: { readonly result: { readonly list: readonly Row[] } } = JSON.parse(reply.body)
  const result = { ...body.result, list: edit(body.result.list) }
  return { ...reply, body: JSON.stringify({ ...body, result }) }
}
