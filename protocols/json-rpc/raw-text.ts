/**
 * Cuts JSON text into the texts of its elements and members, for what a parsed value no longer says: the digits of a
 * number. Meant for text that a parser took; on other text the cuts are arbitrary, but it ends and throws nothing.
 */

/** The text of each element of the array that `text` is. */
export function* elementTexts(text: string): Generator<string> {
  let at = skipSpace(text, 1)
  while (at < text.length && text[at] !== ']') {
    const end = valueEnd(text, at)
    yield text.slice(at, end)
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
    else return
  }
}

/** The text of the last member of that name (the one that a parser keeps) of the object that `text` is. */
export function memberText(text: string, name: string): string | undefined {
  let found: string | undefined
  let at = skipSpace(text, 1)
  while (text[at] === '"') {
    const keyEnd = valueEnd(text, at)
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const end = valueEnd(text, start)
    if (unquote(text.slice(at, keyEnd)) === name) found = text.slice(start, end)
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return found
}

function unquote(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return at
}

/** Index behind the value that begins at `from`; always beyond `from`. */
function valueEnd(text: string, from: number): number {
  let depth = 0
  let at = from
  while (at < text.length) {
    const character = text[at]!
    if (character === '"') at = stringEnd(text, at)
    else if (character === '{' || character === '[') {
      depth++
      at++
    } else if (character === '}' || character === ']') {
      depth--
      at++
    } else if (depth === 0) {
      at = literalEnd(text, at)
    } else at++
    if (depth <= 0) return Math.max(at, from + 1)
  }
  return Math.max(at, from + 1)
}

function stringEnd(text: string, from: number): number {
  let at = from + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function literalEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && !' \n\r\t,:{}[]"'.includes(text[at]!)) at++
  return Math.max(at, from + 1)
}
