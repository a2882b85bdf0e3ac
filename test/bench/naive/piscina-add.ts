/** The same addition as a task of piscina, whose file has a default export by its nature: it is named `add` instead. */
export const add = ({ a, b }: { readonly a: number; readonly b: number }): number => a + b
