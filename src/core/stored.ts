import { z } from 'zod';

/**
 * The parts that schemas of stored JSON are made of. Each stored shape is declared once, as a schema, and its type is
 * inferred; damaged JSON is found when it is read, not when what it says is acted on.
 */

export const count = z.int().nonnegative();
export const text = z.string();

/** An object that keeps the parts that it does not name: another version of the same schema wrote them. */
export function open<Parts extends z.core.$ZodLooseShape>(parts: Parts): z.ZodObject<Parts, z.core.$strip> {
  return z.looseObject(parts);
}

/** What a schema reads; nobody changes it afterwards. */
export type Stored<Schema extends z.ZodType> = Frozen<z.infer<Schema>>;

type Frozen<T> = T extends object ? { readonly [Name in keyof T]: Frozen<T[Name]> } : T;
