/** What a colour means: well, look at it, wrong, beside the point. */
export type Colour = 'green' | 'yellow' | 'red' | 'grey';

/** Text in a colour where it may have one; else as it is. */
export type Paint = (text: string, colour: Colour) => string;
