/** Columns of the help: descriptions start here, behind longer flags on the next line. */
const HELP_INDENT = 34

/** Two columns, one line per row. */
export const columns = (rows: readonly (readonly [string, string])[]): string =>
  rows
    .map(([left, right]) => {
      const head = `  ${left}`
      return head.length + 2 > HELP_INDENT
        ? `${head}\n${' '.repeat(HELP_INDENT)}${right}\n`
        : `${head.padEnd(HELP_INDENT)}${right}\n`
    })
    .join('')
