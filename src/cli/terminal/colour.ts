/** Green: well. Yellow: look at it. Red: wrong. Grey: less important. */
export type Colour = 'green' | 'yellow' | 'red' | 'grey';

/** The text in a colour, where colours may be used. */
export type Paint = (text: string, colour: Colour) => string;
