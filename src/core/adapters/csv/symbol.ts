/**
 * The symbol of a USDT perpetual by the name of its file: `BTCUSDT.csv.gz`, `BTCUSDT-1d.csv`, `BTCUSDT_5m.csv`,
 * `BTC_USDT_USDT-1h.csv`. In capitals; `null` where the name does not begin with one.
 */
export function symbolOfFile(path: string): string | null {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).toUpperCase()
  const match = /^([\p{L}\p{N}]+?)_?USDT(?:_USDT)?(?:[-_. ].*)?$/u.exec(name)
  return match === null ? null : `${match[1]}USDT`
}
