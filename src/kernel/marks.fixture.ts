/**
 * What must come about in some run of many ("sometimes" assertions): faults at their places, messages, ends of
 * processes. A set of runs that misses one is too weak to say anything of it.
 */
import type { Code } from '../core/base/codes.ts'
import { FAMILIES } from './profiles.fixture.ts'
import type { Outcome } from './simulation.fixture.ts'

/** Messages that the faults of the profiles lead to. */
const CODES: readonly Code[] = [
  'E101',
  'E102',
  'W103',
  'E105',
  'E106',
  'I107',
  'I108',
  'E109',
  'W110',
  'I112',
  'I130',
  'I131',
  'C201',
  'I205',
  'W207',
  'W208',
  'I212',
  'I301',
  'W303',
  'I304',
  'C306',
  'W308',
  'W309',
  'W702',
  'I705',
  'W711',
  'W803',
  'C805',
  'C806',
]

/** Everything that is to come about, by name. */
export const MARKS: readonly string[] = [
  ...Object.values(FAMILIES).flatMap((places: { readonly [place: string]: object }) =>
    Object.entries(places).flatMap(([place, kinds]) => Object.keys(kinds).map(kind => `${place}: ${kind}`)),
  ),
  ...CODES,
  'ended: killed',
  'ended: stopped',
  'ended: no-exchange',
  'ended: held',
  'ended: lost-lease',
  'a second run was started',
  'a second run took over',
  'a scan had its turn',
  'a request was made twice',
  'a request took effect after its sender had died',
  'an order filled while nobody was there',
  'something was held when the loop came up again',
  'everything was right again',
]

/** Those of one run. */
export function marksOf({ fired, codes, endings, sometimes }: Outcome): readonly string[] {
  const family = (place: string): string => {
    const [first] = place.split(' ')
    return first === 'request' || first === 'push' ? first : place
  }
  return [
    ...fired.map(({ place, kind }) => `${family(place)}: ${kind}`),
    ...codes.keys(),
    ...endings.map(how => `ended: ${how}`),
    ...sometimes,
  ]
}
