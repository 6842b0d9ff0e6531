/** How established a coin is, from S (Bitcoin, Ether) to E (everything that is on no list). */
export type Tier = 'S' | 'A' | 'B' | 'C' | 'D' | 'E'

/** The tiers that are lists; E is what remains. */
export const LISTED_TIERS = ['S', 'A', 'B', 'C', 'D'] as const satisfies readonly Tier[]

/** Which coins are traded and how they are classed. Coins are named without multiplier and quote: PEPE. */
export interface UniverseParams {
  /** Only perpetuals quoted in this coin are entered. */
  readonly quote: string
  readonly tiers: { readonly [K in (typeof LISTED_TIERS)[number]]: readonly string[] }
  /** Coins that are not sold short. */
  readonly neverShort: readonly string[]
  /** Coins that are not entered at all. */
  readonly neverTrade: readonly string[]
}

/** The defaults of the configuration. */
export const UNIVERSE: UniverseParams = {
  quote: 'USDT',
  tiers: {
    S: ['BTC', 'ETH'],
    A: ['SOL', 'LTC', 'XRP', 'ADA', 'DOT', 'LINK', 'UNI', 'AVAX', 'SUI', 'NEAR', 'APT'],
    B: ['ARB', 'OP', 'AAVE', 'INJ', 'ONDO', 'ENA', 'FET', 'WLD', 'ATOM', 'ALGO', 'RUNE'],
    C: ['ACH', 'ASTER', 'TON', 'HYPE', 'ZEC', 'BCH', 'EGLD', 'VET', 'FIL', 'SAND', 'MANA', 'GALA'],
    D: ['DOGE', 'SHIB', 'PEPE'],
  },
  neverShort: ['XRP', 'ONDO', 'WLFI', 'ENJ', 'ESPORTS', 'AVAX', 'APT', 'SUI'],
  neverTrade: ['TRUMP', 'MELANIA', 'BONK', 'FLOKI', 'WIF', 'BLESS'],
}

/**
 * The coin of a perpetual's symbol, seen through the multiplier of cheap coins: a power of ten from 1,000 up before or
 * after the name. 1000PEPEUSDT is PEPE, SHIB1000USDT is SHIB, 1000000MOGUSDT is MOG; 1INCH, C98, 0G, A8 and 1000 alone
 * are names. A symbol quoted in something else keeps its quote: BTCPERP is BTCPERP, and so on no list.
 */
export function baseName(symbol: string, quote: string): string {
  const hasQuote = symbol.endsWith(quote) && symbol.length > quote.length
  const base = hasQuote ? symbol.slice(0, -quote.length) : symbol
  return base.replace(/^10{3,}(?=[A-Z])/, '').replace(/(?<=[A-Z])10{3,}$/, '')
}

/** What the lists say of one symbol. */
interface Standing {
  readonly tier: Tier
  readonly neverShort: boolean
  readonly neverTrade: boolean
}

/** What was found in lists, which do not change: every decision asks about every symbol. */
const FOUND = new WeakMap<UniverseParams, Map<string, Standing>>()

function standingOf(params: UniverseParams, symbol: string): Standing {
  let found = FOUND.get(params)
  if (found === undefined) {
    found = new Map()
    FOUND.set(params, found)
  }
  let standing = found.get(symbol)
  if (standing === undefined) {
    const name = baseName(symbol, params.quote)
    standing = {
      tier: LISTED_TIERS.find(tier => params.tiers[tier].includes(name)) ?? 'E',
      neverShort: params.neverShort.includes(name),
      neverTrade: params.neverTrade.includes(name),
    }
    found.set(symbol, standing)
  }
  return standing
}

/** The tier of a symbol: of the first list that has its coin, else E. */
export function tierOf(params: UniverseParams, symbol: string): Tier {
  return standingOf(params, symbol).tier
}

/** Whether the symbol's coin is on the list of those not sold short. */
export function isNeverShort(params: UniverseParams, symbol: string): boolean {
  return standingOf(params, symbol).neverShort
}

/** Whether the symbol's coin is on the list of those not entered at all. */
export function isNeverTrade(params: UniverseParams, symbol: string): boolean {
  return standingOf(params, symbol).neverTrade
}

/** A configured name that is the coin of no known symbol: worth a warning, for a rule may not do what it seems to. */
export interface UnmatchedName {
  readonly list: (typeof LISTED_TIERS)[number] | 'neverShort' | 'neverTrade'
  readonly name: string
}

/** Every name on any list that matches none of the symbols, in the order of the configuration. */
export function unmatchedNames(params: UniverseParams, symbols: Iterable<string>): readonly UnmatchedName[] {
  const known = new Set<string>()
  for (const symbol of symbols) known.add(baseName(symbol, params.quote))
  const lists: readonly (readonly [UnmatchedName['list'], readonly string[]])[] = [
    ...LISTED_TIERS.map(tier => [tier, params.tiers[tier]] as const),
    ['neverShort', params.neverShort],
    ['neverTrade', params.neverTrade],
  ]
  return lists.flatMap(([list, names]) =>
    names.filter(name => !known.has(name)).map(name => ({ list, name })),
  )
}
