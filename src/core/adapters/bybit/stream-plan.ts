/** Which topics go over which connection, and in which requests. Pure. */

/** Bybit takes 21,000 characters of topics on one public connection. */
const MOST_CHARACTERS = 18_000

/** Topics of one request: one that is wrong fails all of them. */
export const TOPICS_A_REQUEST = 200

/** Lists of at most `most` topics each, in their order. */
export function requestsOf(
  topics: readonly string[],
  most = TOPICS_A_REQUEST,
): readonly (readonly string[])[] {
  const requests: (readonly string[])[] = []
  for (let k = 0; k < topics.length; k += most) requests.push(topics.slice(k, k + most))
  return requests
}

/**
 * Shares topics out among connections, as few as it takes.
 *
 * @param used characters that connections have already; one is added where none has room
 * @returns for each topic the number of its connection
 */
export function shared(topics: readonly string[], used: number[]): readonly number[] {
  return topics.map(topic => {
    const size = topic.length + 1
    let at = used.findIndex(characters => characters + size <= MOST_CHARACTERS)
    if (at < 0) at = used.push(0) - 1
    used[at] += size
    return at
  })
}
