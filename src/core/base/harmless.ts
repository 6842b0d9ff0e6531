/** Control characters, ends of lines, and what turns the direction of the text or cannot be seen at all. */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gu

/**
 * The text as a terminal may be shown it: every run of control characters, and of those that turn the direction of
 * writing, becomes one space, because names and numbers from outside could otherwise move the cursor, rewrite what
 * stands there or show another order of digits than they have.
 */
export function harmless(text: string): string {
  return text.replace(HARMFUL, ' ').trim()
}
